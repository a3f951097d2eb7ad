-- verdict: allowed
-- source: https://cloud.google.com/bigquery/docs/reference/standard-sql/conversion_functions
-- rows: 1
-- shows: NULL
SELECT SAFE_CAST('x' AS INT64) AS number
