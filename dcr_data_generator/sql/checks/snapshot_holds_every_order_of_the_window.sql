-- check: The snapshot has all orders of the window.
SELECT
  s.order_id,
  s.created_at
FROM `bigquery-public-data.thelook_ecommerce.orders` AS s FOR SYSTEM_TIME AS OF @source_time
LEFT JOIN merchant_provider.orders AS o ON s.order_id = o.order_id
WHERE DATE(s.created_at) BETWEEN @first_date AND @last_date
  AND o.order_id IS NULL
