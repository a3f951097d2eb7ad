-- verdict: refused
-- source: https://cloud.google.com/bigquery/docs/authorized-views
-- says: Access Denied
SELECT * FROM ewallet_provider.clean_room_keys
