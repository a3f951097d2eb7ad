-- purpose: The defence: the same column, with the salt.
-- as: merchant
SELECT DISTINCT TO_HEX(SHA256(CONCAT(s.salt, k.phone))) AS hashed_phone
FROM merchant_provider.identity_keys AS k
CROSS JOIN merchant_provider.clean_room_salt AS s
WHERE k.phone IS NOT NULL
