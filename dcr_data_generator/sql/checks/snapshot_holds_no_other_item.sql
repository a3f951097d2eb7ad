-- check: The snapshot's items belong to its orders and equal the source's.
WITH
  expected AS (
    SELECT s.* REPLACE (
      s.id * @scale + copy_number AS id,
      s.order_id * @scale + copy_number AS order_id,
      s.user_id * @scale + copy_number AS user_id,
      s.inventory_item_id * @scale + copy_number AS inventory_item_id
    )
    FROM `bigquery-public-data.thelook_ecommerce.order_items` AS s FOR SYSTEM_TIME AS OF @source_time
    CROSS JOIN UNNEST(GENERATE_ARRAY(0, @scale - 1)) AS copy_number
    WHERE s.order_id * @scale IN (SELECT order_id FROM merchant_provider.orders)
  ),
  others AS (
    SELECT * FROM merchant_provider.order_items
    EXCEPT DISTINCT
    SELECT * FROM expected
  )
SELECT
  order_id,
  id AS order_item_id
FROM others
