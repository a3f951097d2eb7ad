-- verdict: allowed
-- source: https://cloud.google.com/bigquery/docs/reference/standard-sql/conditional_expressions
SELECT CASE WHEN age < 30 THEN 'young' ELSE 'old' END AS band, COUNT(*) AS n FROM merchant_provider.users GROUP BY band
