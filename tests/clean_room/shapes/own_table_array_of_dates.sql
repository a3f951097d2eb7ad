-- verdict: allowed
-- source: https://cloud.google.com/bigquery/docs/reference/standard-sql/data-types
-- rows: 1
-- shows: ["2025-01-01"]
SELECT [DATE '2025-01-01'] AS days
