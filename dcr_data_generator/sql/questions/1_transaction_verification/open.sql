-- question: Which sales did this provider process?
-- asks: The merchant asks.
-- key: order_id.
SELECT
  o.order_id,
  o.created_at,
  t.transaction_id,
  t.transaction_amount
FROM merchant_provider.orders AS o
JOIN ewallet_provider.transactions AS t ON o.order_id = t.order_id
ORDER BY o.created_at, o.order_id
LIMIT 1000
