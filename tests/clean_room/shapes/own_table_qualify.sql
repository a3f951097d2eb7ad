-- verdict: allowed
-- source: https://cloud.google.com/bigquery/docs/reference/standard-sql/query-syntax
SELECT id, country FROM merchant_provider.users QUALIFY ROW_NUMBER() OVER (PARTITION BY country ORDER BY id) = 1
