-- check: Wallet holders live in the city that the merchant has.
WITH
  records AS (
    SELECT
      p.provider_user_id,
      p.email,
      p.city,
      u.city AS merchant_city,
      RANK() OVER (PARTITION BY p.provider_user_id ORDER BY u.created_at DESC, u.id DESC) AS recency
    FROM ewallet_provider.provider_users AS p
    JOIN merchant_provider.users AS u ON p.email = u.email
  )
SELECT
  provider_user_id,
  email,
  city,
  merchant_city
FROM records
WHERE recency = 1
  AND city IS DISTINCT FROM merchant_city
