-- verdict: allowed
-- source: https://cloud.google.com/bigquery/docs/reference/standard-sql/query-syntax
SELECT COUNT(*) AS n FROM merchant_provider.orders JOIN merchant_provider.order_items USING (order_id)
