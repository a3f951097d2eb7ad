-- verdict: refused
-- source: https://cloud.google.com/bigquery/docs/reference/standard-sql/dml-syntax
-- says: Only a single query is rehearsed
TRUNCATE TABLE merchant_provider.users
