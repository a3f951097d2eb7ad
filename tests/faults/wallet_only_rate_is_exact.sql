-- A user whom only the provider knows is missing.
DELETE FROM ewallet_provider.provider_users WHERE email = (SELECT MIN(email) FROM pristine.others)
