-- purpose: The question that has to be answered all the same.
-- as: merchant
SELECT
  o.order_id,
  w.transaction_amount
FROM merchant_provider.orders AS o
JOIN ewallet_clean_room.wallet_orders AS w ON o.order_id = w.order_id
