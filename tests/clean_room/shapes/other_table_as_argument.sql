-- verdict: refused
-- source: https://cloud.google.com/bigquery/docs/table-functions
-- says: Access Denied
SELECT * FROM APPENDS(TABLE ewallet_provider.provider_users, NULL, NULL)
