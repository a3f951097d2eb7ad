-- verdict: refused
-- source: https://cloud.google.com/bigquery/docs/reference/standard-sql/query-syntax
-- says: must not be NULL
SELECT WITH AGGREGATION_THRESHOLD OPTIONS (threshold = NULL) account_tier, COUNT(*) AS n FROM ewallet_clean_room.wallet_spend GROUP BY account_tier
