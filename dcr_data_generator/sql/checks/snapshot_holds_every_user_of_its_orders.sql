-- check: The snapshot has the users of all its orders.
SELECT DISTINCT
  s.id AS user_id
FROM `bigquery-public-data.thelook_ecommerce.users` AS s FOR SYSTEM_TIME AS OF @source_time
JOIN merchant_provider.orders AS o ON s.id = o.user_id
LEFT JOIN merchant_provider.users AS u ON s.id = u.id
WHERE u.id IS NULL
