-- verdict: allowed
-- source: https://cloud.google.com/bigquery/docs/reference/standard-sql/json_functions
-- rows: 1
-- shows: b
SELECT JSON_VALUE('{"a": "b"}', '$.a') AS value
