-- verdict: allowed
-- source: https://cloud.google.com/bigquery/docs/reference/standard-sql/data-types
-- rows: 1
-- shows: 3.0
SELECT 3e0 AS number
