-- One verified holder too few.
UPDATE ewallet_provider.provider_users
SET is_verified_user = FALSE
WHERE provider_user_id = (
  SELECT MIN(provider_user_id) FROM pristine.holders WHERE date_of_birth < '2000-01-01' AND is_verified_user
)
