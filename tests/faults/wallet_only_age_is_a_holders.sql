-- A user whom only the provider knows is 18 that day.
UPDATE ewallet_provider.provider_users
SET date_of_birth = '2007-09-24'
WHERE provider_user_id = (SELECT MIN(provider_user_id) FROM pristine.others)
