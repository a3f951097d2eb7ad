-- check: Nobody under 18 or of unknown age is verified.
SELECT
  provider_user_id,
  date_of_birth,
  is_verified_user
FROM ewallet_provider.provider_users
WHERE is_verified_user
  AND (
    date_of_birth IS NULL
    OR CAST(FORMAT_DATE('%Y%m%d', @target_date) AS INT64) - CAST(FORMAT_DATE('%Y%m%d', date_of_birth) AS INT64) < 180000
  )
