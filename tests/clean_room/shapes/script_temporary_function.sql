-- verdict: refused
-- source: https://cloud.google.com/bigquery/docs/user-defined-functions
-- says: Only a single query is rehearsed
CREATE TEMP FUNCTION twice(x INT64) AS (2 * x); SELECT twice(age) FROM merchant_provider.users
