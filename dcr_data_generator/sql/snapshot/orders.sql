-- purpose: The orders of the window, as they are. An order that the source has twice is copied once. Each is there
-- `scale` times, under IDs of its own: copy 2 of 5 of the order 70 is the order 352.
CREATE OR REPLACE TABLE merchant_provider.orders
OPTIONS (description = 'The orders of the snapshot, as thelook_ecommerce has them.') AS
WITH
  orders AS (
    SELECT DISTINCT *
    FROM `bigquery-public-data.thelook_ecommerce.orders` FOR SYSTEM_TIME AS OF @source_time
    WHERE DATE(created_at) BETWEEN @first_date AND @last_date
  )
SELECT
  orders.* REPLACE (
    order_id * @scale + copy_number AS order_id,
    user_id * @scale + copy_number AS user_id
  )
FROM orders
CROSS JOIN UNNEST(GENERATE_ARRAY(0, @scale - 1)) AS copy_number
