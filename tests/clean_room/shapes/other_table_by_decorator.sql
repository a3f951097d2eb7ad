-- verdict: refused
-- source: https://cloud.google.com/bigquery/docs/access-historical-data
-- says: Access Denied
SELECT * FROM `ewallet_provider.provider_users@-3600000`
