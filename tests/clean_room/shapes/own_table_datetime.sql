-- verdict: allowed
-- source: https://cloud.google.com/bigquery/docs/reference/standard-sql/data-types
-- rows: 1
-- shows: 2025-09-22T20:07:00
SELECT DATETIME(created_at, 'America/New_York') AS local FROM merchant_provider.orders WHERE order_id = 1
