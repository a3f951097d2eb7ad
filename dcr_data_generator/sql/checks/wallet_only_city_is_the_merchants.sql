-- check: Wallet-only users live in cities of the merchant's users.
WITH
  customers AS (
    SELECT DISTINCT LOWER(TRIM(email, ' \t\r\n')) AS person
    FROM merchant_provider.users
  ),
  cities AS (
    SELECT DISTINCT city
    FROM merchant_provider.users
    WHERE city IS NOT NULL
  )
SELECT
  p.provider_user_id,
  p.email,
  p.city
FROM ewallet_provider.provider_users AS p
LEFT JOIN customers AS c ON LOWER(TRIM(p.email, ' \t\r\n')) = c.person
LEFT JOIN cities AS m ON p.city = m.city
WHERE c.person IS NULL
  AND m.city IS NULL
  AND (p.city IS NOT NULL OR EXISTS (SELECT 1 FROM cities))
