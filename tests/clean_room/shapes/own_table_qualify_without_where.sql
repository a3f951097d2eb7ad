-- verdict: allowed
-- source: https://cloud.google.com/bigquery/docs/reference/standard-sql/query-syntax
SELECT id, RANK() OVER (PARTITION BY gender ORDER BY age DESC, id) AS place FROM merchant_provider.users QUALIFY place <= 2
