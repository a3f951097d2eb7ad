-- check: The snapshot has all orders of the window.
SELECT order_id * @scale + copy_number AS order_id
FROM `bigquery-public-data.thelook_ecommerce.orders` FOR SYSTEM_TIME AS OF @source_time
CROSS JOIN UNNEST(GENERATE_ARRAY(0, @scale - 1)) AS copy_number
WHERE DATE(created_at) BETWEEN @first_date AND @last_date
EXCEPT DISTINCT
SELECT order_id
FROM merchant_provider.orders
