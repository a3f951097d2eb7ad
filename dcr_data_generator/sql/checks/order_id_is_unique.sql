-- check: Order IDs are unique.
SELECT
  order_id,
  COUNT(*) AS orders
FROM merchant_provider.orders
GROUP BY order_id
HAVING COUNT(*) > 1 OR order_id IS NULL
