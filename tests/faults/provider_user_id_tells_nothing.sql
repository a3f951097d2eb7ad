-- The holders have the first IDs.
UPDATE ewallet_provider.provider_users AS p
SET provider_user_id = n.n
FROM (
  SELECT email, ROW_NUMBER() OVER (ORDER BY email IN (SELECT email FROM pristine.others), email) AS n
  FROM pristine.provider_users
) AS n
WHERE p.email = n.email
