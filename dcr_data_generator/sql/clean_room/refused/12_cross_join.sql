-- attempt: A cross join: all orders of the wallet, once for each of one's own.
-- as: merchant
-- because: join-required
SELECT
  w.order_id,
  w.transaction_amount
FROM merchant_provider.orders AS o
CROSS JOIN ewallet_clean_room.wallet_orders AS w
