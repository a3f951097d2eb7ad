-- verdict: refused
-- source: https://cloud.google.com/bigquery/docs/table-sampling
-- says: Access Denied
SELECT * FROM ewallet_provider.provider_users TABLESAMPLE SYSTEM (10 PERCENT)
