-- verdict: allowed
-- source: https://cloud.google.com/bigquery/docs/reference/standard-sql/data-types
-- rows: 1
-- shows: NaN
SELECT CAST('nan' AS FLOAT64) AS number
