-- verdict: refused
-- source: https://cloud.google.com/bigquery/docs/access-control
-- says: Access Denied
WITH RECURSIVE r AS (SELECT provider_user_id AS n FROM ewallet_provider.provider_users UNION ALL SELECT n + 1 FROM r WHERE n < 3) SELECT * FROM r
