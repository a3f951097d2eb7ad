-- verdict: refused
-- source: https://cloud.google.com/bigquery/docs/analysis-rules
-- says: Joining must occur
SELECT w.order_id FROM ewallet_clean_room.wallet_orders AS w LEFT JOIN merchant_provider.orders AS o ON o.order_id = w.order_id
