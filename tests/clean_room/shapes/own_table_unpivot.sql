-- verdict: allowed
-- source: https://cloud.google.com/bigquery/docs/reference/standard-sql/query-syntax
-- rows: 500
-- columns: id, value, name
SELECT * FROM (SELECT id, gender, country FROM merchant_provider.users) UNPIVOT (value FOR name IN (gender, country))
