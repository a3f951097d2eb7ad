-- verdict: allowed
-- source: https://cloud.google.com/bigquery/docs/reference/standard-sql/query-syntax
SELECT WITH AGGREGATION_THRESHOLD COUNTIF(transaction_amount > 30) AS dear FROM ewallet_clean_room.wallet_spend
