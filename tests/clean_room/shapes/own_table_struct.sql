-- verdict: allowed
-- source: https://cloud.google.com/bigquery/docs/reference/standard-sql/data-types
-- rows: 1
-- shows: {"id":1,"gender":"M"}
SELECT STRUCT(id, gender) AS person FROM merchant_provider.users WHERE id = 1
