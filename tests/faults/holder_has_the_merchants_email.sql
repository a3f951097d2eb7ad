-- A holder's email ends in a line break.
UPDATE ewallet_provider.provider_users
SET email = CONCAT(email, '\n')
WHERE provider_user_id = (SELECT provider_user_id FROM pristine.a_holder)
