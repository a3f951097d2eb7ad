-- verdict: refused
-- source: https://cloud.google.com/bigquery/docs/reference/standard-sql/lexical
-- says: Access Denied
SELECT email FROM `dcr-demo.ewallet_provider.provider_users`
