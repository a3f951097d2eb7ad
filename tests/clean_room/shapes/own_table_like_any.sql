-- verdict: allowed
-- source: https://cloud.google.com/bigquery/docs/reference/standard-sql/operators
SELECT COUNT(*) AS n FROM merchant_provider.users WHERE email LIKE ANY ('m%', 'p1%')
