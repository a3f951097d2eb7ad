-- verdict: refused
-- source: https://cloud.google.com/bigquery/docs/analysis-rules
-- says: Joining must occur
SELECT order_id FROM ewallet_clean_room.wallet_orders EXCEPT DISTINCT SELECT order_id FROM merchant_provider.orders
