-- verdict: allowed
-- source: https://cloud.google.com/bigquery/docs/reference/standard-sql/data-types
-- rows: 1
-- shows: 2025-09-23 00:07:00 UTC
SELECT created_at FROM merchant_provider.orders WHERE order_id = 1
