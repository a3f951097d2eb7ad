-- verdict: allowed
-- source: https://cloud.google.com/bigquery/docs/reference/standard-sql/query-syntax
-- rows: 500
-- columns: id, part
SELECT id, part FROM merchant_provider.users, UNNEST(SPLIT(email, '@')) AS part
