-- verdict: allowed
-- source: https://cloud.google.com/bigquery/docs/reference/standard-sql/query-syntax
SELECT * EXCEPT (email, first_name, last_name, created_at, latitude, longitude) FROM merchant_provider.users
