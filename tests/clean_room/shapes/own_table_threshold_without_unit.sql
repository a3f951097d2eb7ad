-- verdict: refused
-- source: https://cloud.google.com/bigquery/docs/reference/standard-sql/query-syntax
-- says: privacy unit column
SELECT WITH AGGREGATION_THRESHOLD OPTIONS (threshold = 3) country, COUNT(*) AS n FROM merchant_provider.users GROUP BY country
