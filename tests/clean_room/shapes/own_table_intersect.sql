-- verdict: allowed
-- source: https://cloud.google.com/bigquery/docs/reference/standard-sql/query-syntax
SELECT gender FROM merchant_provider.users INTERSECT DISTINCT SELECT gender FROM merchant_provider.orders
