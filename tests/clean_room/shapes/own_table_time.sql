-- verdict: allowed
-- source: https://cloud.google.com/bigquery/docs/reference/standard-sql/data-types
-- rows: 1
-- shows: 00:07:00
SELECT TIME(created_at) AS time_of_day FROM merchant_provider.orders WHERE order_id = 1
