-- verdict: allowed
-- source: https://cloud.google.com/bigquery/docs/reference/standard-sql/data-types
-- rows: 1
-- shows: 0-0 0 23:54:0
SELECT shipped_at - created_at AS until_shipped FROM merchant_provider.orders WHERE order_id = 1
