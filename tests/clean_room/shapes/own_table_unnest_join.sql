-- verdict: allowed
-- source: https://cloud.google.com/bigquery/docs/reference/standard-sql/arrays
SELECT COUNT(*) AS n FROM merchant_provider.users CROSS JOIN UNNEST([1, 2]) AS k
