-- purpose: The defence: the same column, with the salt.
SELECT DISTINCT TO_HEX(SHA256(CONCAT(s.salt, LOWER(TRIM(u.email, ' \t\r\n'))))) AS hashed_email
FROM merchant_provider.users AS u
CROSS JOIN merchant_provider.clean_room_salt AS s
WHERE TRIM(u.email, ' \t\r\n') != ''
