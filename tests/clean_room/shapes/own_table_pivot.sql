-- verdict: allowed
-- source: https://cloud.google.com/bigquery/docs/reference/standard-sql/query-syntax
-- rows: 3
-- columns: country, F, M
SELECT * FROM (SELECT gender, country, id FROM merchant_provider.users) PIVOT (COUNT(id) FOR gender IN ('F', 'M')) ORDER BY country
