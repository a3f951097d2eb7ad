-- One user too many is Business.
UPDATE ewallet_provider.provider_users
SET account_tier = 'Business'
WHERE provider_user_id = (SELECT MIN(provider_user_id) FROM pristine.provider_users WHERE account_tier = 'Free')
