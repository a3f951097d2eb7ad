-- A join on the column allowed and on one more, which a value tried out would reveal.
SELECT
  o.order_id
FROM merchant_provider.orders AS o
JOIN ewallet_clean_room.wallet_orders AS w ON o.order_id = w.order_id AND w.transaction_amount = 18.96
