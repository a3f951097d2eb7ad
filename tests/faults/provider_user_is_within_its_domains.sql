-- A tier that does not exist.
UPDATE ewallet_provider.provider_users
SET account_tier = 'Gold'
WHERE provider_user_id = (SELECT provider_user_id FROM pristine.a_holder)
