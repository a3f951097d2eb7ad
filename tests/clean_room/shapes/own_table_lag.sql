-- verdict: allowed
-- source: https://cloud.google.com/bigquery/docs/reference/standard-sql/navigation_functions
SELECT id, LAG(age) OVER (ORDER BY id) AS before FROM merchant_provider.users
