-- A join that matches more than equals: every order with a higher number.
SELECT
  w.order_id,
  w.transaction_amount
FROM merchant_provider.orders AS o
JOIN ewallet_clean_room.wallet_orders AS w ON o.order_id <= w.order_id
