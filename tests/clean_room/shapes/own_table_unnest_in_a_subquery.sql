-- verdict: allowed
-- source: https://cloud.google.com/bigquery/docs/reference/standard-sql/query-syntax
-- rows: 1
-- shows: 3
SELECT id, (SELECT COUNT(*) FROM UNNEST(SPLIT(email, 'e'))) AS parts FROM merchant_provider.users WHERE id = 7
