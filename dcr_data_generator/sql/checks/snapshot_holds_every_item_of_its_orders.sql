-- check: The snapshot has all items of its orders.
SELECT
  s.order_id,
  s.id AS order_item_id
FROM `bigquery-public-data.thelook_ecommerce.order_items` AS s FOR SYSTEM_TIME AS OF @source_time
JOIN merchant_provider.orders AS o ON s.order_id = o.order_id
LEFT JOIN merchant_provider.order_items AS i ON s.id = i.id
WHERE i.id IS NULL
