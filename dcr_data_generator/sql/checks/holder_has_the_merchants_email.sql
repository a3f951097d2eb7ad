-- check: Wallet holders have the email that the merchant has.
WITH
  records AS (
    SELECT
      p.provider_user_id,
      p.email,
      u.email AS merchant_email,
      RANK() OVER (PARTITION BY p.provider_user_id ORDER BY u.created_at DESC, u.id DESC) AS recency
    FROM ewallet_provider.provider_users AS p
    JOIN merchant_provider.users AS u ON LOWER(TRIM(p.email, ' \t\r\n')) = LOWER(TRIM(u.email, ' \t\r\n'))
  )
SELECT
  provider_user_id,
  email,
  merchant_email
FROM records
WHERE recency = 1
  AND email IS DISTINCT FROM merchant_email
