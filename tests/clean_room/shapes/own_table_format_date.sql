-- verdict: allowed
-- source: https://cloud.google.com/bigquery/docs/reference/standard-sql/date_functions
-- rows: 1
-- shows: 2025-09
SELECT FORMAT_DATE('%Y-%m', DATE '2025-09-23') AS month
