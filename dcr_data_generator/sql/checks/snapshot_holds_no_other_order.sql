-- check: The snapshot's orders lie in the window and equal the source's.
WITH
  expected AS (
    SELECT s.* REPLACE (
      s.order_id * @scale + copy_number AS order_id,
      s.user_id * @scale + copy_number AS user_id
    )
    FROM `bigquery-public-data.thelook_ecommerce.orders` AS s FOR SYSTEM_TIME AS OF @source_time
    CROSS JOIN UNNEST(GENERATE_ARRAY(0, @scale - 1)) AS copy_number
    WHERE DATE(s.created_at) BETWEEN @first_date AND @last_date
  ),
  others AS (
    SELECT * FROM merchant_provider.orders
    EXCEPT DISTINCT
    SELECT * FROM expected
  )
SELECT
  order_id,
  created_at
FROM others
