-- A user whom only the provider knows has an address that somebody could have.
UPDATE ewallet_provider.provider_users
SET email = 'adalovelace@gmail.com'
WHERE provider_user_id = (SELECT MIN(provider_user_id) FROM pristine.others)
