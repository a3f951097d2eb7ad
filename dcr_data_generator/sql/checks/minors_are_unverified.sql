-- check: Nobody under 18 or of unknown age is verified.
SELECT
  provider_user_id,
  date_of_birth,
  is_verified_user
FROM ewallet_provider.provider_users
WHERE is_verified_user
  AND (date_of_birth IS NULL OR date_of_birth > DATE_SUB(@target_date, INTERVAL 18 YEAR))
