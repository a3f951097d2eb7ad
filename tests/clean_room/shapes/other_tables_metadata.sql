-- verdict: refused
-- source: https://cloud.google.com/bigquery/docs/information-schema-tables
-- says: Access Denied
SELECT * FROM ewallet_provider.__TABLES__
