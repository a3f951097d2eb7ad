-- verdict: refused
-- source: https://cloud.google.com/bigquery/docs/reference/standard-sql/lexical
-- says: Access Denied
SELECT email FROM their-project.ewallet_provider.provider_users
