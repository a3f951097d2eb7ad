-- A holder under 18 is Premium.
UPDATE ewallet_provider.provider_users
SET account_tier = 'Premium'
WHERE provider_user_id = (
  SELECT MIN(provider_user_id)
  FROM pristine.holders
  WHERE date_of_birth > '2007-09-23'
    AND account_tier = 'Free'
)
