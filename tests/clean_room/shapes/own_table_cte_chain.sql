-- verdict: allowed
-- source: https://cloud.google.com/bigquery/docs/reference/standard-sql/query-syntax
WITH a AS (SELECT id, age FROM merchant_provider.users), b AS (SELECT age, COUNT(*) AS n FROM a GROUP BY age) SELECT MAX(n) AS most FROM b
