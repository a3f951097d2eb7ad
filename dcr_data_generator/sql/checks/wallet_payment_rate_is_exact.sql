-- check: The wallet payment rate is exact.
WITH
  holders_records AS (
    SELECT id
    FROM merchant_provider.users
    WHERE LOWER(TRIM(email, ' \t\r\n')) IN (SELECT LOWER(TRIM(email, ' \t\r\n')) FROM ewallet_provider.provider_users)
  ),
  counts AS (
    SELECT
      (SELECT COUNT(*) FROM ewallet_provider.transactions) AS transactions,
      COUNT(*) AS payable
    FROM merchant_provider.orders
    WHERE user_id IN (SELECT id FROM holders_records)
      AND order_id IN (SELECT order_id FROM merchant_provider.order_items)
  )
SELECT
  transactions,
  FLOOR(@wallet_payment_rate * payable + 0.5) AS expected_transactions,
  payable
FROM counts
WHERE transactions != FLOOR(@wallet_payment_rate * payable + 0.5)
