-- A holder lives elsewhere.
UPDATE ewallet_provider.provider_users
SET city = 'Atlantis'
WHERE provider_user_id = (SELECT provider_user_id FROM pristine.a_holder)
