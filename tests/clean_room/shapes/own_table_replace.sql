-- verdict: allowed
-- source: https://cloud.google.com/bigquery/docs/reference/standard-sql/query-syntax
SELECT * REPLACE (age + 1 AS age) FROM (SELECT id, age FROM merchant_provider.users)
