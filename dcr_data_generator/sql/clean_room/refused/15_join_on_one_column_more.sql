-- attempt: A join on the allowed column and one more, whose values could be tried out.
-- as: merchant
-- because: join-restricted
SELECT
  o.order_id
FROM merchant_provider.orders AS o
JOIN ewallet_clean_room.wallet_orders AS w ON o.order_id = w.order_id AND w.transaction_amount = 18.96
