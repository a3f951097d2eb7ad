-- verdict: allowed
-- source: https://cloud.google.com/bigquery/docs/analysis-rules
SELECT o.order_id FROM merchant_provider.orders AS o JOIN ewallet_clean_room.wallet_orders AS w ON o.order_id = w.order_id WHERE w.transaction_amount > 20
