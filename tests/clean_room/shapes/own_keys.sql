-- verdict: allowed
-- source: https://cloud.google.com/bigquery/docs/authorized-views
-- rows: 250
SELECT user_id, hashed_email FROM merchant_provider.clean_room_keys
