-- verdict: refused
-- source: https://cloud.google.com/bigquery/docs/access-control
-- says: Access Denied
SELECT COUNT(*) AS n FROM ewallet_provider.provider_users WHERE FALSE
