-- verdict: allowed
-- source: https://cloud.google.com/bigquery/docs/reference/standard-sql/lexical
-- rows: 1
SELECT COUNT(*) AS n, FROM merchant_provider.users
