-- verdict: refused
-- source: https://cloud.google.com/bigquery/docs/information-schema-intro
-- says: Access Denied
SELECT column_name FROM ewallet_provider.INFORMATION_SCHEMA.COLUMNS
