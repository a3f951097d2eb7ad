-- verdict: allowed
-- source: https://cloud.google.com/bigquery/docs/reference/standard-sql/query-syntax
SELECT i.product_id, COUNT(*) AS n FROM ewallet_clean_room.wallet_orders AS w JOIN merchant_provider.orders AS o ON o.order_id = w.order_id JOIN merchant_provider.order_items AS i ON i.order_id = o.order_id GROUP BY i.product_id
