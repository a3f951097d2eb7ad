-- verdict: allowed
-- source: https://cloud.google.com/bigquery/docs/reference/standard-sql/data-types
-- rows: 1
-- shows: 2025-09-23 00:00:00.500 UTC
SELECT TIMESTAMP '2025-09-23 00:00:00.5+00' AS instant
