-- verdict: refused
-- source: https://cloud.google.com/bigquery/docs/analysis-rules
-- says: Joining must occur on all of the following columns [order_id]
SELECT order_id FROM merchant_provider.orders INTERSECT DISTINCT SELECT order_id FROM ewallet_clean_room.wallet_orders
