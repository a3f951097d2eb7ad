-- verdict: refused
-- source: https://cloud.google.com/bigquery/docs/reference/standard-sql/procedural-language
-- says: Only a single query is rehearsed
EXECUTE IMMEDIATE 'SELECT email FROM ewallet_provider.provider_users'
