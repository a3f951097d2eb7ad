-- verdict: refused
-- source: https://cloud.google.com/bigquery/docs/reference/standard-sql/query-syntax
-- says: greater than or equal to the threshold in the view
SELECT WITH AGGREGATION_THRESHOLD OPTIONS (threshold = 49) account_tier, COUNT(*) AS n FROM ewallet_clean_room.wallet_spend GROUP BY account_tier
