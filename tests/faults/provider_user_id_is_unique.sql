-- An ID is not from 1 to n.
UPDATE ewallet_provider.provider_users
SET provider_user_id = 0
WHERE provider_user_id = (SELECT provider_user_id FROM pristine.a_holder)
