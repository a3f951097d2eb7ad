-- verdict: allowed
-- source: https://cloud.google.com/bigquery/docs/analysis-rules
-- as: provider
-- rows: 3
-- withheld: of the 250 rows of merchant_clean_room.customers, withheld
SELECT k.provider_user_id FROM merchant_clean_room.customers AS c JOIN ewallet_provider.clean_room_keys AS k ON c.hashed_email = k.hashed_email ORDER BY 1 LIMIT 3
