-- check: Transactions pay orders of the snapshot that have items.
SELECT
  t.transaction_id,
  t.order_id
FROM ewallet_provider.transactions AS t
LEFT JOIN merchant_provider.orders AS o ON t.order_id = o.order_id
LEFT JOIN merchant_provider.order_items AS i ON t.order_id = i.order_id
WHERE o.order_id IS NULL OR i.order_id IS NULL
