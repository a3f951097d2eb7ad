-- The users whom only the provider knows.
SELECT * FROM ewallet_provider.provider_users
WHERE LOWER(TRIM(email, ' \t\r\n')) NOT IN (
  SELECT LOWER(TRIM(email, ' \t\r\n')) FROM merchant_provider.users WHERE email IS NOT NULL
)
