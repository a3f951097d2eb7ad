-- Every user of the provider has an email, and without case nobody else has it.
SELECT
  LOWER(TRIM(email, ' \t\r\n')) AS person,
  COUNT(*) AS provider_users
FROM ewallet_provider.provider_users
GROUP BY person
HAVING COUNT(*) > 1 OR person IS NULL OR person = ''
