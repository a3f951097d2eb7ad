-- verdict: allowed
-- source: https://cloud.google.com/bigquery/docs/reference/standard-sql/query-syntax
-- unit: id
SELECT WITH AGGREGATION_THRESHOLD OPTIONS (threshold = 80, privacy_unit_column = id) country, COUNT(*) AS n FROM merchant_provider.users GROUP BY country
