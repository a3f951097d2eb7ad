-- purpose: The defence: the same column, with the salt.
-- as: merchant
SELECT DISTINCT hashed_email
FROM merchant_provider.clean_room_keys
