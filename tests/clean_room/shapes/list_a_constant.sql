-- verdict: refused
-- source: https://cloud.google.com/bigquery/docs/analysis-rules
-- says: Joining must occur
SELECT w.order_id FROM ewallet_clean_room.wallet_orders AS w JOIN merchant_provider.orders AS o ON w.order_id = 7
