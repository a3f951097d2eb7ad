-- check: Wallet-only users live in cities of the merchant's users.
WITH
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
LEFT JOIN cities AS m ON p.city = m.city
WHERE m.city IS NULL
  AND (p.city IS NOT NULL OR EXISTS (SELECT 1 FROM cities))
  AND NOT EXISTS (SELECT 1 FROM merchant_provider.users AS u WHERE u.email = p.email)
