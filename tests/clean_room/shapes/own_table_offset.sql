-- verdict: allowed
-- source: https://cloud.google.com/bigquery/docs/reference/standard-sql/query-syntax
-- rows: 5
SELECT id FROM merchant_provider.users ORDER BY id LIMIT 5 OFFSET 10
