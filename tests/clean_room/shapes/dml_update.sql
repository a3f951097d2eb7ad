-- verdict: refused
-- source: https://cloud.google.com/bigquery/docs/reference/standard-sql/dml-syntax
-- says: Only a single query is rehearsed
UPDATE merchant_provider.users SET age = 1 WHERE TRUE
