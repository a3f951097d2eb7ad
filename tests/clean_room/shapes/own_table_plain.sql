-- verdict: allowed
-- source: https://cloud.google.com/bigquery/docs/reference/standard-sql/query-syntax
-- rows: 20
SELECT id, country FROM merchant_provider.users WHERE age > 20 ORDER BY id LIMIT 20
