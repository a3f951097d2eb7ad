-- verdict: allowed
-- source: https://cloud.google.com/bigquery/docs/reference/standard-sql/query-syntax#dp_clause
-- columns: tiers
SELECT COUNT(*) AS tiers FROM (SELECT WITH DIFFERENTIAL_PRIVACY account_tier, COUNT(*) AS n FROM ewallet_clean_room.wallet_spend_private GROUP BY account_tier)
