-- verdict: refused
-- source: https://cloud.google.com/bigquery/docs/analysis-rules
-- says: Joining must occur
SELECT o.order_id, (SELECT SUM(w.transaction_amount) FROM ewallet_clean_room.wallet_orders AS w WHERE w.order_id = o.order_id) AS amount FROM merchant_provider.orders AS o
