-- verdict: allowed
-- source: https://cloud.google.com/bigquery/docs/reference/standard-sql/query-syntax
WITH young AS (SELECT * FROM merchant_provider.users WHERE age < 30) SELECT COUNT(*) AS n FROM young
