-- verdict: error
-- source: https://cloud.google.com/bigquery/docs/information-schema-intro
-- says: INFORMATION_SCHEMA is not supported in a rehearsal
SELECT table_name FROM merchant_provider.INFORMATION_SCHEMA.TABLES
