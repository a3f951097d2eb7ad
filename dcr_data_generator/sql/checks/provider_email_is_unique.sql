-- check: Emails of provider users are unique, compared without case and blanks.
SELECT
  LOWER(TRIM(email, ' \t\r\n')) AS person,
  COUNT(*) AS provider_users
FROM ewallet_provider.provider_users
GROUP BY person
HAVING COUNT(*) > 1 OR person IS NULL OR person = ''
