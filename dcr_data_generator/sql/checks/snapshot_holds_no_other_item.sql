-- check: The snapshot's items belong to its orders and equal the source's.
SELECT
  i.order_id,
  i.id AS order_item_id
FROM merchant_provider.order_items AS i
LEFT JOIN merchant_provider.orders AS o ON i.order_id = o.order_id
LEFT JOIN (
  SELECT DISTINCT TO_JSON_STRING(s) AS record
  FROM `bigquery-public-data.thelook_ecommerce.order_items` AS s FOR SYSTEM_TIME AS OF @source_time
) AS source ON TO_JSON_STRING(i) = source.record
WHERE o.order_id IS NULL
  OR source.record IS NULL
