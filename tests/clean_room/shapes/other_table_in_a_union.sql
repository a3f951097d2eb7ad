-- verdict: refused
-- source: https://cloud.google.com/bigquery/docs/reference/standard-sql/query-syntax
-- says: Access Denied
SELECT email FROM merchant_provider.users UNION ALL SELECT email FROM ewallet_provider.provider_users
