-- verdict: allowed
-- source: https://cloud.google.com/bigquery/docs/reference/standard-sql/timestamp_functions
SELECT EXTRACT(HOUR FROM created_at) AS hour, COUNT(*) AS n FROM merchant_provider.orders GROUP BY hour
