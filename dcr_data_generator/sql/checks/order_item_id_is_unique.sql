-- check: Order item IDs are unique.
SELECT
  id AS order_item_id,
  COUNT(*) AS order_items
FROM merchant_provider.order_items
GROUP BY id
HAVING COUNT(*) > 1 OR id IS NULL
