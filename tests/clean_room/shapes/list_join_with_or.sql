-- verdict: refused
-- source: https://cloud.google.com/bigquery/docs/analysis-rules
-- says: Joining must occur on all
SELECT COUNT(*) AS n FROM ewallet_clean_room.wallet_orders AS w JOIN merchant_provider.orders AS o ON w.order_id = o.order_id OR w.order_id = o.order_id + 1
