-- verdict: allowed
-- source: https://cloud.google.com/bigquery/docs/reference/standard-sql/array_functions
SELECT n FROM UNNEST(GENERATE_ARRAY(1, 5)) AS n
