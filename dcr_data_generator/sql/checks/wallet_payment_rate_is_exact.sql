-- check: The wallet payment rate is exact.
WITH
  holders_orders AS (
    SELECT DISTINCT o.order_id
    FROM merchant_provider.orders AS o
    JOIN merchant_provider.order_items AS i ON o.order_id = i.order_id
    JOIN merchant_provider.users AS u ON o.user_id = u.id
    JOIN ewallet_provider.provider_users AS p ON LOWER(TRIM(u.email, ' \t\r\n')) = LOWER(TRIM(p.email, ' \t\r\n'))
  ),
  counts AS (
    SELECT
      (SELECT COUNT(*) FROM ewallet_provider.transactions) AS transactions,
      (SELECT COUNT(*) FROM holders_orders) AS payable
  )
SELECT
  transactions,
  FLOOR(@wallet_payment_rate * payable + 0.5) AS expected_transactions,
  payable
FROM counts
WHERE transactions != FLOOR(@wallet_payment_rate * payable + 0.5)
