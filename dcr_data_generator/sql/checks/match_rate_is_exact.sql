-- check: The match rate is exact.
WITH
  customers AS (
    SELECT DISTINCT LOWER(TRIM(email, ' \t\r\n')) AS person
    FROM merchant_provider.users
    WHERE TRIM(email, ' \t\r\n') != ''
  ),
  wallets AS (
    SELECT DISTINCT LOWER(TRIM(email, ' \t\r\n')) AS person
    FROM ewallet_provider.provider_users
  ),
  counts AS (
    SELECT
      COUNT(wallets.person) AS holders,
      COUNT(*) AS customers
    FROM customers
    LEFT JOIN wallets ON customers.person = wallets.person
  )
SELECT
  holders,
  FLOOR(@match_rate * customers + 0.5) AS expected_holders,
  customers
FROM counts
WHERE holders != FLOOR(@match_rate * customers + 0.5)
