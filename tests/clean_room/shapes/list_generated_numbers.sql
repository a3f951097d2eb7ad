-- verdict: refused
-- source: https://cloud.google.com/bigquery/docs/analysis-rules
-- says: Joining must occur
SELECT w.order_id FROM ewallet_clean_room.wallet_orders AS w JOIN (SELECT order_id + 0 AS order_id FROM ewallet_clean_room.wallet_orders) AS n ON w.order_id = n.order_id
