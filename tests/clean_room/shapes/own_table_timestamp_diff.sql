-- verdict: allowed
-- source: https://cloud.google.com/bigquery/docs/reference/standard-sql/timestamp_functions
-- rows: 1
-- shows: 23
SELECT MAX(TIMESTAMP_DIFF(shipped_at, created_at, HOUR)) AS hours FROM merchant_provider.orders
