-- verdict: refused
-- source: https://cloud.google.com/bigquery/docs/information-schema-intro
-- says: Access Denied
SELECT query FROM `region-us`.INFORMATION_SCHEMA.JOBS
