-- purpose: The smallest and the largest of the source's IDs: those of copies are `scale` times as large.
WITH
  ids AS (
    SELECT number
    FROM `bigquery-public-data.thelook_ecommerce.orders` AS o FOR SYSTEM_TIME AS OF @source_time
    CROSS JOIN UNNEST([o.order_id, o.user_id]) AS number
    UNION ALL
    SELECT number
    FROM `bigquery-public-data.thelook_ecommerce.order_items` AS i FOR SYSTEM_TIME AS OF @source_time
    CROSS JOIN UNNEST([i.id, i.order_id, i.user_id, i.inventory_item_id]) AS number
    UNION ALL
    SELECT id AS number
    FROM `bigquery-public-data.thelook_ecommerce.users` FOR SYSTEM_TIME AS OF @source_time
  )
SELECT
  MIN(number) AS smallest,
  MAX(number) AS largest
FROM ids
