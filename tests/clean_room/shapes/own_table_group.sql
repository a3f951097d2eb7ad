-- verdict: allowed
-- source: https://cloud.google.com/bigquery/docs/reference/standard-sql/query-syntax
SELECT country, COUNT(*) AS n, AVG(age) AS age FROM merchant_provider.users GROUP BY country
