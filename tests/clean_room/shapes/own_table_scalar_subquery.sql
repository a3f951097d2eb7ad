-- verdict: allowed
-- source: https://cloud.google.com/bigquery/docs/reference/standard-sql/subqueries
SELECT id FROM merchant_provider.users WHERE age > (SELECT AVG(age) FROM merchant_provider.users)
