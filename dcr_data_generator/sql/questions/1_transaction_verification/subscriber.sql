-- explanation: The merchant joins its own orders with what the wallet shares.
-- as: merchant
SELECT
  o.order_id,
  o.created_at,
  w.transaction_id,
  w.transaction_amount
FROM merchant_provider.orders AS o
JOIN ewallet_clean_room.wallet_orders AS w ON o.order_id = w.order_id
ORDER BY o.created_at, o.order_id
LIMIT 1000
