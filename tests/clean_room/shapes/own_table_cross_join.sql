-- verdict: allowed
-- source: https://cloud.google.com/bigquery/docs/reference/standard-sql/query-syntax
SELECT COUNT(*) AS n FROM merchant_provider.users, (SELECT DISTINCT status FROM merchant_provider.orders)
