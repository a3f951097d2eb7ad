-- verdict: allowed
-- source: https://cloud.google.com/bigquery/docs/reference/standard-sql/subqueries
SELECT COUNT(*) AS n FROM merchant_provider.users WHERE id NOT IN (SELECT order_id FROM merchant_provider.orders WHERE FALSE)
