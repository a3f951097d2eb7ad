-- check: Wallet-only users have ages of adult holders, or 18 to 70 where there are none.
WITH
  ages AS (
    SELECT
      p.provider_user_id,
      p.date_of_birth,
      EXISTS (SELECT 1 FROM merchant_provider.users AS u WHERE u.email = p.email) AS is_holder,
      -- Dates written as numbers: 2025-09-23 less 1980-06-27 is 20250923 - 19800627 = 450296, which is 45 years.
      CAST(FLOOR((
        CAST(FORMAT_DATE('%Y%m%d', @target_date) AS INT64) - CAST(FORMAT_DATE('%Y%m%d', p.date_of_birth) AS INT64)
      ) / 10000) AS INT64) AS age
    FROM ewallet_provider.provider_users AS p
  ),
  adult_ages AS (
    SELECT DISTINCT age
    FROM ages
    WHERE is_holder AND age >= 18
  )
SELECT
  w.provider_user_id,
  w.date_of_birth,
  w.age
FROM ages AS w
LEFT JOIN adult_ages AS h ON w.age = h.age
WHERE NOT w.is_holder
  AND (
    w.age IS NULL
    OR IF(EXISTS (SELECT 1 FROM adult_ages), h.age IS NULL, w.age NOT BETWEEN 18 AND 70)
  )
