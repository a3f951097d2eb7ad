-- check: The snapshot's orders lie in the window and equal the source's.
SELECT
  o.order_id,
  o.created_at
FROM merchant_provider.orders AS o
LEFT JOIN (
  SELECT DISTINCT TO_JSON_STRING(s) AS record
  FROM `bigquery-public-data.thelook_ecommerce.orders` AS s FOR SYSTEM_TIME AS OF @source_time
) AS source ON TO_JSON_STRING(o) = source.record
WHERE source.record IS NULL
  OR o.created_at IS NULL
  OR DATE(o.created_at) NOT BETWEEN @first_date AND @last_date
