-- verdict: allowed
-- source: https://cloud.google.com/bigquery/docs/reference/standard-sql/query-syntax
SELECT id FROM merchant_provider.users EXCEPT DISTINCT SELECT user_id FROM merchant_provider.orders
