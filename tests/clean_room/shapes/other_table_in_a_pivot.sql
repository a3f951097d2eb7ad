-- verdict: refused
-- source: https://cloud.google.com/bigquery/docs/access-control
-- says: Access Denied
SELECT * FROM (SELECT account_tier, city FROM ewallet_provider.provider_users) PIVOT (COUNT(*) FOR account_tier IN ('Free'))
