-- attempt: A list read in a condition instead of a join.
-- as: merchant
-- because: join-required
SELECT
  order_id
FROM merchant_provider.orders
WHERE order_id NOT IN (SELECT order_id FROM ewallet_clean_room.wallet_orders)
