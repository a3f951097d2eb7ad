-- verdict: refused
-- source: https://cloud.google.com/bigquery/docs/analysis-rules
-- says: Joining must occur
SELECT w.order_id FROM merchant_provider.orders AS o JOIN ewallet_clean_room.wallet_orders AS w ON o.order_id = w.order_id - MOD(w.order_id, 10)
