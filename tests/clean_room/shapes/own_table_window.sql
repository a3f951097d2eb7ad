-- verdict: allowed
-- source: https://cloud.google.com/bigquery/docs/reference/standard-sql/window-function-calls
SELECT id, ROW_NUMBER() OVER (PARTITION BY country ORDER BY id) AS place FROM merchant_provider.users
