-- verdict: refused
-- source: https://cloud.google.com/bigquery/docs/reference/standard-sql/query-syntax
-- says: Access Denied
SELECT u.id FROM merchant_provider.users AS u JOIN ewallet_provider.provider_users AS p USING (email)
