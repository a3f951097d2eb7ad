-- verdict: refused
-- source: https://cloud.google.com/bigquery/docs/reference/standard-sql/dml-syntax
-- says: Only a single query is rehearsed
INSERT INTO merchant_provider.users (id) SELECT provider_user_id FROM ewallet_provider.provider_users
