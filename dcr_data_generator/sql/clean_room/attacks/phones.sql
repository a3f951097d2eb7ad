-- attack: Hashed phones
-- wants: An outsider wants the phone numbers behind hashes that somebody has passed on.
-- knows: The hashes, and which numbers there can be: here those of the identity lab, in life those of a country.
-- does: Hashes every number, and looks the hashes up.
-- defence: The same secret before the number.
-- as: merchant
SELECT DISTINCT TO_HEX(SHA256(phone)) AS hashed_phone
FROM merchant_provider.identity_keys
WHERE phone IS NOT NULL
