-- check: Wallet holders are as old as the merchant says.
WITH
  records AS (
    SELECT
      p.provider_user_id,
      p.date_of_birth,
      -- A year less before the birthday.
      DATE_DIFF(@target_date, p.date_of_birth, YEAR)
        - IF(FORMAT_DATE('%m%d', p.date_of_birth) > FORMAT_DATE('%m%d', @target_date), 1, 0) AS age,
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
