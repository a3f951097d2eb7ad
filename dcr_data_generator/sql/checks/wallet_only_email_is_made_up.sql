-- check: Emails of wallet-only users are made of names, at reserved domains.
SELECT
  provider_user_id,
  email
FROM ewallet_provider.provider_users AS p
WHERE NOT REGEXP_CONTAINS(email, r'^[a-z]+[0-9]*@example\.(com|net|org)$')
  AND NOT EXISTS (SELECT 1 FROM merchant_provider.users AS u WHERE u.email = p.email)
