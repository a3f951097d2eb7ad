-- verdict: allowed
-- source: https://cloud.google.com/bigquery/docs/reference/standard-sql/navigation_functions
-- rows: 1
SELECT DISTINCT PERCENTILE_CONT(age, 0.5) OVER () AS median FROM merchant_provider.users
