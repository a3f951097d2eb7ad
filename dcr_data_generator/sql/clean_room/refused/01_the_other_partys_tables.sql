-- attempt: The other party's own tables, with emails.
-- as: merchant
-- because: access
SELECT
  p.email,
  p.date_of_birth
FROM merchant_provider.users AS u
JOIN ewallet_provider.provider_users AS p ON u.email = p.email
