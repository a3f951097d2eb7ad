-- verdict: allowed
-- source: https://cloud.google.com/bigquery/docs/reference/standard-sql/date_functions
SELECT DATE(created_at) AS day, COUNT(*) AS n FROM merchant_provider.orders GROUP BY day
