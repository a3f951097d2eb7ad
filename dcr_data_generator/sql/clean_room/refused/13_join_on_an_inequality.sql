-- attempt: A join that matches more than equal values: every order with a higher ID.
-- as: merchant
-- because: join-required
SELECT
  w.order_id,
  w.transaction_amount
FROM merchant_provider.orders AS o
JOIN ewallet_clean_room.wallet_orders AS w ON o.order_id <= w.order_id
