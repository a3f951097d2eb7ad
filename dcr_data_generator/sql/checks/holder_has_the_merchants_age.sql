-- check: Wallet holders are as old as the merchant says.
WITH
  records AS (
    SELECT
      p.provider_user_id,
      p.date_of_birth,
      -- Dates written as numbers: 2025-09-23 less 1980-06-27 is 20250923 - 19800627 = 450296, which is 45 years.
      CAST(FLOOR((
        CAST(FORMAT_DATE('%Y%m%d', @target_date) AS INT64) - CAST(FORMAT_DATE('%Y%m%d', p.date_of_birth) AS INT64)
      ) / 10000) AS INT64) AS age,
      u.age AS merchant_age,
      RANK() OVER (PARTITION BY p.provider_user_id ORDER BY u.created_at DESC, u.id DESC) AS recency
    FROM ewallet_provider.provider_users AS p
    JOIN merchant_provider.users AS u ON p.email = u.email
  )
SELECT
  provider_user_id,
  date_of_birth,
  age,
  merchant_age
FROM records
WHERE recency = 1
  AND age IS DISTINCT FROM merchant_age
