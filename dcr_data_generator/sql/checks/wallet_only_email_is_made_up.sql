-- check: Emails of wallet-only users are made of names, at reserved domains.
SELECT
  p.provider_user_id,
  p.email
FROM ewallet_provider.provider_users AS p
LEFT JOIN (
  SELECT DISTINCT LOWER(TRIM(email, ' \t\r\n')) AS person
  FROM merchant_provider.users
) AS u ON LOWER(TRIM(p.email, ' \t\r\n')) = u.person
WHERE u.person IS NULL
  AND NOT REGEXP_CONTAINS(p.email, r'^[a-z]+[0-9]*@example\.(com|net|org)$')
