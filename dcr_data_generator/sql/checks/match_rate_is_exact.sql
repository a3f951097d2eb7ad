-- check: The match rate is exact.
WITH
  counts AS (
    SELECT
      (
        SELECT COUNT(*)
        FROM ewallet_provider.provider_users AS p
        WHERE EXISTS (SELECT 1 FROM merchant_provider.users AS u WHERE u.email = p.email)
      ) AS holders,
      COUNT(DISTINCT NULLIF(LOWER(TRIM(email, ' \t\r\n')), '')) AS customers
    FROM merchant_provider.users
  )
SELECT
  holders,
  FLOOR(@match_rate * customers + 0.5) AS expected_holders,
  customers
FROM counts
WHERE holders != FLOOR(@match_rate * customers + 0.5)
