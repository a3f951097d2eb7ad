-- verdict: refused
-- source: https://cloud.google.com/bigquery/docs/analysis-rules
-- says: Joining must occur
SELECT COUNT(*) AS n FROM ewallet_clean_room.wallet_orders
