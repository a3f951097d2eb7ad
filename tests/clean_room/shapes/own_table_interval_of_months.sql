-- verdict: allowed
-- source: https://cloud.google.com/bigquery/docs/reference/standard-sql/data-types
-- rows: 1
-- shows: -1-2 3 0:0:0
SELECT INTERVAL '-1-2 3 0:0:0' YEAR TO SECOND AS span
