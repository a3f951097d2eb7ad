-- verdict: allowed
-- source: https://cloud.google.com/bigquery/docs/reference/standard-sql/aggregate_functions
SELECT gender, STRING_AGG(DISTINCT country, ', ' ORDER BY country) AS countries FROM merchant_provider.users GROUP BY gender
