-- check: The snapshot has the users of all its orders.
SELECT id * @scale + copy_number AS user_id
FROM `bigquery-public-data.thelook_ecommerce.users` FOR SYSTEM_TIME AS OF @source_time
CROSS JOIN UNNEST(GENERATE_ARRAY(0, @scale - 1)) AS copy_number
WHERE id * @scale IN (SELECT user_id FROM merchant_provider.orders)
EXCEPT DISTINCT
SELECT id
FROM merchant_provider.users
