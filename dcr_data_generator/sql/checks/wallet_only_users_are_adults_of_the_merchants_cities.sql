-- Every user of the provider who is no customer of the merchant is an adult in a city that the merchant knows.
SELECT
  p.provider_user_id,
  p.email,
  p.date_of_birth,
  p.city
FROM ewallet_provider.provider_users AS p
LEFT JOIN merchant_provider.users AS u ON LOWER(TRIM(p.email, ' \t\r\n')) = LOWER(TRIM(u.email, ' \t\r\n'))
WHERE u.id IS NULL
  AND (
    p.date_of_birth IS NULL
    OR CAST(FORMAT_DATE('%Y%m%d', @target_date) AS INT64) - CAST(FORMAT_DATE('%Y%m%d', p.date_of_birth) AS INT64) < 180000
    OR (p.city IS NULL AND EXISTS (SELECT 1 FROM merchant_provider.users WHERE city IS NOT NULL))
    OR (p.city IS NOT NULL AND p.city NOT IN (SELECT city FROM merchant_provider.users WHERE city IS NOT NULL))
    OR NOT REGEXP_CONTAINS(p.email, r'^[a-z]+[0-9]*@example\.(com|net|org)$')
  )
