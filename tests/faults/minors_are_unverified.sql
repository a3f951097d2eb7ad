-- A holder under 18 is verified.
UPDATE ewallet_provider.provider_users
SET is_verified_user = TRUE
WHERE provider_user_id = (SELECT MIN(provider_user_id) FROM pristine.holders WHERE date_of_birth > '2007-09-23')
