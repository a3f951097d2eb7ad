-- check: The match rate is exact.
WITH
  customers AS (
    SELECT DISTINCT LOWER(TRIM(email, ' \t\r\n')) AS person
    FROM merchant_provider.users
  ),
  counts AS (
    SELECT
      COUNT(p.email) AS holders,
      COUNT(*) AS customers
    FROM customers AS c
    LEFT JOIN ewallet_provider.provider_users AS p ON c.person = LOWER(TRIM(p.email, ' \t\r\n'))
    WHERE c.person != ''
  )
SELECT
  holders,
  FLOOR(@match_rate * customers + 0.5) AS expected_holders,
  customers
FROM counts
WHERE holders != FLOOR(@match_rate * customers + 0.5)
