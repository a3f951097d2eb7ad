-- verdict: allowed
-- source: https://cloud.google.com/bigquery/docs/reference/standard-sql/query-syntax
SELECT o.status, o.order_id FROM merchant_provider.orders AS o JOIN ewallet_clean_room.wallet_orders AS w ON o.order_id = w.order_id QUALIFY ROW_NUMBER() OVER (PARTITION BY o.status ORDER BY w.transaction_amount DESC, o.order_id) = 1
