-- A user is there again, with another ID and the email in capitals.
INSERT INTO ewallet_provider.provider_users
SELECT * REPLACE (
  (SELECT COUNT(*) + 1 FROM pristine.provider_users) AS provider_user_id,
  UPPER(email) AS email
)
FROM pristine.provider_users
LIMIT 1
