-- verdict: refused
-- source: https://cloud.google.com/bigquery/docs/access-historical-data
-- says: Access Denied
SELECT * FROM ewallet_provider.provider_users FOR SYSTEM_TIME AS OF TIMESTAMP '2025-09-23'
