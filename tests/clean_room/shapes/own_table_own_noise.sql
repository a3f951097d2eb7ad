-- verdict: allowed
-- source: https://cloud.google.com/bigquery/docs/reference/standard-sql/query-syntax#dp_clause
-- columns: country, n
SELECT WITH DIFFERENTIAL_PRIVACY OPTIONS (epsilon = 10, delta = 0.01, privacy_unit_column = id) country, COUNT(*) AS n FROM merchant_provider.users GROUP BY country
