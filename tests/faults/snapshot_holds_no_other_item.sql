-- An item of an order outside of the window.
INSERT INTO merchant_provider.order_items
SELECT * FROM `bigquery-public-data.thelook_ecommerce.order_items`
WHERE order_id NOT IN (SELECT order_id FROM pristine.orders)
LIMIT 1
