-- check: Transactions have the status and the time of their orders.
SELECT
  t.transaction_id,
  t.order_id,
  t.status,
  o.status AS order_status,
  t.transaction_timestamp,
  o.created_at AS order_created_at
FROM ewallet_provider.transactions AS t
JOIN merchant_provider.orders AS o ON t.order_id = o.order_id
WHERE t.status IS DISTINCT FROM o.status
  OR t.transaction_timestamp IS DISTINCT FROM o.created_at
