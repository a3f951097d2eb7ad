-- verdict: allowed
-- source: https://cloud.google.com/bigquery/docs/reference/standard-sql/query-syntax
SELECT gender, country, COUNT(*) AS n FROM merchant_provider.users GROUP BY 1, 2
