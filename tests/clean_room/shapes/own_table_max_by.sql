-- verdict: allowed
-- source: https://cloud.google.com/bigquery/docs/reference/standard-sql/aggregate_functions
SELECT country, MAX_BY(id, age * 1000 + id) AS oldest FROM merchant_provider.users GROUP BY country
