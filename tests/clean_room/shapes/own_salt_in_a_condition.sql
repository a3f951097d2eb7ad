-- verdict: refused
-- source: https://cloud.google.com/bigquery/docs/authorized-views
-- says: The salt is not shown to anyone
SELECT COUNT(*) AS n FROM merchant_provider.clean_room_salt WHERE salt < 'm'
