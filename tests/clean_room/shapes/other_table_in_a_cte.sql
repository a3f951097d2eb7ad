-- verdict: refused
-- source: https://cloud.google.com/bigquery/docs/reference/standard-sql/query-syntax
-- says: Access Denied
WITH p AS (SELECT * FROM ewallet_provider.provider_users) SELECT COUNT(*) AS n FROM p
