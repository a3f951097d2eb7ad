-- verdict: allowed
-- source: https://cloud.google.com/bigquery/docs/reference/standard-sql/query-syntax
SELECT id, SUM(age) OVER w AS ages FROM merchant_provider.users WINDOW w AS (PARTITION BY gender ORDER BY id)
