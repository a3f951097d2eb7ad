-- A holder is a year older.
UPDATE ewallet_provider.provider_users
SET date_of_birth = DATE_SUB(date_of_birth, INTERVAL 1 YEAR)
WHERE provider_user_id = (SELECT provider_user_id FROM pristine.a_holder)
