-- check: Wallet holders are as old as the merchant says.
WITH
  ranked AS (
    SELECT
      LOWER(TRIM(email, ' \t\r\n')) AS person,
      age,
      RANK() OVER (PARTITION BY LOWER(TRIM(email, ' \t\r\n')) ORDER BY created_at DESC, id DESC) AS recency
    FROM merchant_provider.users
  ),
  ages AS (
    SELECT
      provider_user_id,
      LOWER(TRIM(email, ' \t\r\n')) AS person,
      date_of_birth,
      -- Dates written as numbers: 2025-09-23 less 1980-06-27 is 20250923 - 19800627 = 450296, which is 45 years.
      CAST(FLOOR((
        CAST(FORMAT_DATE('%Y%m%d', @target_date) AS INT64) - CAST(FORMAT_DATE('%Y%m%d', date_of_birth) AS INT64)
      ) / 10000) AS INT64) AS age
    FROM ewallet_provider.provider_users
  )
SELECT
  p.provider_user_id,
  p.date_of_birth,
  p.age,
  m.age AS merchant_age
FROM ages AS p
JOIN ranked AS m ON p.person = m.person AND m.recency = 1
WHERE p.age IS DISTINCT FROM m.age
