-- verdict: allowed
-- source: https://cloud.google.com/bigquery/docs/reference/standard-sql/data-types
-- rows: 1
-- shows: [{"a":1,"b":"12:30:00"}]
SELECT [STRUCT(1 AS a, TIME '12:30:00' AS b)] AS entries
