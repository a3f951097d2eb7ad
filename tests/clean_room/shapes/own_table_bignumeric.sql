-- verdict: allowed
-- source: https://cloud.google.com/bigquery/docs/reference/standard-sql/data-types
-- rows: 1
-- shows: 12345678901234567890.123
SELECT BIGNUMERIC '12345678901234567890.123' AS number
