-- check: Transactions are paid by the customers who placed the orders.
WITH
  payers AS (
    SELECT
      t.transaction_id,
      t.order_id,
      t.provider_user_id,
      LOWER(TRIM(p.email, ' \t\r\n')) AS payer
    FROM ewallet_provider.transactions AS t
    LEFT JOIN ewallet_provider.provider_users AS p ON t.provider_user_id = p.provider_user_id
  ),
  customers AS (
    SELECT
      o.order_id,
      LOWER(TRIM(u.email, ' \t\r\n')) AS customer
    FROM merchant_provider.orders AS o
    JOIN merchant_provider.users AS u ON o.user_id = u.id
  )
SELECT
  payers.transaction_id,
  payers.order_id,
  payers.provider_user_id,
  payers.payer,
  customers.customer
FROM payers
LEFT JOIN customers ON payers.order_id = customers.order_id
WHERE payers.payer IS NULL
  OR payers.payer IS DISTINCT FROM customers.customer
