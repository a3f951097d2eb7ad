-- A user whom only the provider knows lives where no customer does.
UPDATE ewallet_provider.provider_users
SET city = 'Atlantis'
WHERE provider_user_id = (SELECT MIN(provider_user_id) FROM pristine.others)
