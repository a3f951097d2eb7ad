-- verdict: allowed
-- source: https://cloud.google.com/bigquery/docs/reference/standard-sql/range-functions
-- rows: 1
-- shows: [2025-01-01, UNBOUNDED)
SELECT RANGE<DATE> '[2025-01-01, UNBOUNDED)' AS period
