-- verdict: allowed
-- source: https://cloud.google.com/bigquery/docs/reference/standard-sql/query-syntax
-- rows: 1
-- columns: f0_, f1_
SELECT COUNT(*), MAX(age) FROM merchant_provider.users
