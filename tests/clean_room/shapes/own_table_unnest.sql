-- verdict: allowed
-- source: https://cloud.google.com/bigquery/docs/reference/standard-sql/arrays
SELECT n, n * 2 AS twice FROM UNNEST([1, 2, 3]) AS n
