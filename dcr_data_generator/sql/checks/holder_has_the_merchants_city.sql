-- check: Wallet holders live in the city that the merchant has.
WITH
  ranked AS (
    SELECT
      LOWER(TRIM(email, ' \t\r\n')) AS person,
      city,
      RANK() OVER (PARTITION BY LOWER(TRIM(email, ' \t\r\n')) ORDER BY created_at DESC, id DESC) AS recency
    FROM merchant_provider.users
  )
SELECT
  p.provider_user_id,
  p.email,
  p.city,
  m.city AS merchant_city
FROM ewallet_provider.provider_users AS p
JOIN ranked AS m ON LOWER(TRIM(p.email, ' \t\r\n')) = m.person AND m.recency = 1
WHERE p.city IS DISTINCT FROM m.city
