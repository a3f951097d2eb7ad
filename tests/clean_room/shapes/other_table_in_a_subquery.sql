-- verdict: refused
-- source: https://cloud.google.com/bigquery/docs/reference/standard-sql/subqueries
-- says: Access Denied
SELECT id FROM merchant_provider.users WHERE email IN (SELECT email FROM ewallet_provider.provider_users)
