-- check: Transactions are paid by the customers who placed the orders.
SELECT
  t.transaction_id,
  t.order_id,
  t.provider_user_id,
  p.email AS payer,
  u.email AS customer
FROM ewallet_provider.transactions AS t
LEFT JOIN ewallet_provider.provider_users AS p ON t.provider_user_id = p.provider_user_id
LEFT JOIN merchant_provider.orders AS o ON t.order_id = o.order_id
LEFT JOIN merchant_provider.users AS u ON o.user_id = u.id
WHERE p.email IS NULL
  OR (
    p.email IS DISTINCT FROM u.email
    AND LOWER(TRIM(p.email, ' \t\r\n')) IS DISTINCT FROM LOWER(TRIM(u.email, ' \t\r\n'))
  )
