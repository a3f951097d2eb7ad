-- check: The snapshot has all items of its orders.
SELECT id * @scale + copy_number AS order_item_id
FROM `bigquery-public-data.thelook_ecommerce.order_items` FOR SYSTEM_TIME AS OF @source_time
CROSS JOIN UNNEST(GENERATE_ARRAY(0, @scale - 1)) AS copy_number
WHERE order_id * @scale IN (SELECT order_id FROM merchant_provider.orders)
EXCEPT DISTINCT
SELECT id
FROM merchant_provider.order_items
