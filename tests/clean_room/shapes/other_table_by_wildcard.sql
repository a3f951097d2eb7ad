-- verdict: refused
-- source: https://cloud.google.com/bigquery/docs/querying-wildcard-tables
-- says: Access Denied
SELECT * FROM `ewallet_provider.provider_*`
