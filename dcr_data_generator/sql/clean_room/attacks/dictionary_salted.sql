-- purpose: The defence: the same column, with the salt.
SELECT DISTINCT hashed_email
FROM merchant_provider.clean_room_keys
