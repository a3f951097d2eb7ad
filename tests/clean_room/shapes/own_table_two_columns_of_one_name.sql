-- verdict: allowed
-- source: https://cloud.google.com/bigquery/docs/reference/standard-sql/query-syntax
-- rows: 1
-- columns: n, n_1
SELECT COUNT(*) AS n, MAX(age) AS n FROM merchant_provider.users
