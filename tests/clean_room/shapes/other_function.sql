-- verdict: refused
-- source: https://cloud.google.com/bigquery/docs/user-defined-functions
-- says: Access Denied
SELECT ewallet_provider.mask('a') AS masked
