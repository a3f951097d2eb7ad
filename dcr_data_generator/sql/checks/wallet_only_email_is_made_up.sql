-- check: Emails of wallet-only users are made of names, at reserved domains.
-- purpose: Where the merchant is a copy of so many, six digits follow the names, as they do in the merchant's emails.
SELECT
  provider_user_id,
  email
FROM ewallet_provider.provider_users AS p
WHERE (
  NOT REGEXP_CONTAINS(email, r'^[a-z]+([0-9]{6})?@example\.(com|net|org)$')
  OR REGEXP_CONTAINS(email, '[0-9]') != (@scale > 1)
)
  AND NOT EXISTS (SELECT 1 FROM merchant_provider.users AS u WHERE u.email = p.email)
