-- verdict: allowed
-- source: https://cloud.google.com/bigquery/docs/analysis-rules
SELECT order_id, transaction_id FROM merchant_provider.orders JOIN ewallet_clean_room.wallet_orders USING (order_id)
