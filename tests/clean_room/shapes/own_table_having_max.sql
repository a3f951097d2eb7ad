-- verdict: allowed
-- source: https://cloud.google.com/bigquery/docs/reference/standard-sql/aggregate-function-calls
-- rows: 3
SELECT country, ANY_VALUE(id HAVING MAX age * 1000 + id) AS oldest FROM merchant_provider.users GROUP BY country
