-- verdict: allowed
-- source: https://cloud.google.com/bigquery/docs/reference/standard-sql/json_functions
-- rows: 1
-- shows: {"a":1}
SELECT JSON '{"a": 1}' AS document
