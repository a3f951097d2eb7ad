-- verdict: allowed
-- source: https://cloud.google.com/bigquery/docs/reference/standard-sql/query-syntax
SELECT country FROM merchant_provider.users UNION DISTINCT SELECT gender FROM merchant_provider.orders
