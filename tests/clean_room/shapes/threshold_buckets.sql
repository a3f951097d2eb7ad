-- verdict: allowed
-- source: https://cloud.google.com/bigquery/docs/reference/standard-sql/query-syntax
SELECT WITH AGGREGATION_THRESHOLD CAST(FLOOR(transaction_amount / 20) AS INT64) AS bucket, COUNT(DISTINCT hashed_email) AS people FROM ewallet_clean_room.wallet_spend GROUP BY bucket
