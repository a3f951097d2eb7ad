-- check: Wallet-only users have ages of adult holders, or 18 to 70 where there are none.
WITH
  ages AS (
    SELECT
      p.provider_user_id,
      p.date_of_birth,
      EXISTS (SELECT 1 FROM merchant_provider.users AS u WHERE u.email = p.email) AS is_holder,
      -- A year less before the birthday.
      DATE_DIFF(@target_date, p.date_of_birth, YEAR)
        - IF(FORMAT_DATE('%m%d', p.date_of_birth) > FORMAT_DATE('%m%d', @target_date), 1, 0) AS age
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
