-- verdict: allowed
-- source: https://cloud.google.com/bigquery/docs/reference/standard-sql/query-syntax
SELECT WITH AGGREGATION_THRESHOLD account_tier, COUNT(DISTINCT transaction_amount) AS n, SUM(DISTINCT transaction_amount) AS total FROM ewallet_clean_room.wallet_spend GROUP BY account_tier
