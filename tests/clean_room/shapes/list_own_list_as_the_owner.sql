-- verdict: refused
-- source: https://cloud.google.com/bigquery/docs/analysis-rules
-- as: provider
-- says: Joining must occur
SELECT * FROM ewallet_clean_room.wallet_orders
