-- verdict: allowed
-- source: https://cloud.google.com/bigquery/docs/analysis-rules
-- as: provider
SELECT c.country FROM merchant_clean_room.customers AS c JOIN ewallet_provider.clean_room_keys AS k ON c.hashed_email = k.hashed_email UNION ALL SELECT city FROM ewallet_provider.provider_users
