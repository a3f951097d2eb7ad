-- verdict: allowed
-- source: https://cloud.google.com/bigquery/docs/reference/standard-sql/query-syntax
SELECT gender, COUNT(*) AS n FROM merchant_provider.users GROUP BY ALL
