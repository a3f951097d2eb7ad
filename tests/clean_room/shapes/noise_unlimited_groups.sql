-- verdict: refused
-- source: https://cloud.google.com/bigquery/docs/reference/standard-sql/query-syntax#dp_clause
-- says: Max groups contributed is too high: unlimited
SELECT WITH DIFFERENTIAL_PRIVACY OPTIONS (max_groups_contributed = NULL) account_tier, COUNT(*) AS n FROM ewallet_clean_room.wallet_spend_private GROUP BY account_tier
