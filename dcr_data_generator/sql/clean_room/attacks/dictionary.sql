-- attack: Dictionary
-- wants: An outsider wants the emails behind hashes that somebody has passed on.
-- knows: The hashes, and lists of first and last names: those from which thelook's emails are made, so this is the most
-- that a dictionary finds. The column is made for the attack: no view shares it.
-- does: Hashes each first name with each last name at each domain, and looks the hashes up.
-- defence: A secret that both parties put before the email, and nobody else knows. One secret for all rows is a key:
-- HMAC is the usual construction.
-- as: merchant
SELECT DISTINCT TO_HEX(SHA256(LOWER(TRIM(email, ' \t\r\n')))) AS hashed_email
FROM merchant_provider.users
WHERE TRIM(email, ' \t\r\n') != ''
