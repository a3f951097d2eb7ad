-- check: Provider users have a tier, a verification status and no birth date in the future.
SELECT
  provider_user_id,
  account_tier,
  is_verified_user,
  date_of_birth
FROM ewallet_provider.provider_users
WHERE account_tier IS NULL
  OR account_tier NOT IN ('Free', 'Premium', 'Business')
  OR is_verified_user IS NULL
  OR date_of_birth > @target_date
