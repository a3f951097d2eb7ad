-- verdict: allowed
-- source: https://cloud.google.com/bigquery/docs/reference/standard-sql/query-syntax
-- rows: 1
WITH provider_users AS (SELECT 1 AS one) SELECT one FROM provider_users
