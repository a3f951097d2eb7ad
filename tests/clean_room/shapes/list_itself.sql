-- verdict: refused
-- source: https://cloud.google.com/bigquery/docs/analysis-rules
-- says: Joining must occur
SELECT a.order_id FROM ewallet_clean_room.wallet_orders AS a JOIN ewallet_clean_room.wallet_orders AS b ON a.order_id = b.order_id
