-- verdict: allowed
-- source: https://cloud.google.com/bigquery/docs/reference/standard-sql/window-function-calls
SELECT id, AVG(age) OVER (ORDER BY id ROWS BETWEEN 2 PRECEDING AND CURRENT ROW) AS average FROM merchant_provider.users
