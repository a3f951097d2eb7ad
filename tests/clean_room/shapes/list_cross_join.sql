-- verdict: refused
-- source: https://cloud.google.com/bigquery/docs/analysis-rules
-- says: Joining must occur
SELECT w.order_id FROM merchant_provider.orders AS o CROSS JOIN ewallet_clean_room.wallet_orders AS w
