-- verdict: error
-- source: https://cloud.google.com/bigquery/docs/reference/standard-sql/query-syntax
-- says: neither grouped nor aggregated
SELECT country, age, COUNT(*) AS n FROM merchant_provider.users GROUP BY country
