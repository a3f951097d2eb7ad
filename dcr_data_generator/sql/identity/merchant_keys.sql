-- purpose: What the merchant can match its customers by.
CREATE OR REPLACE TABLE merchant_provider.identity_keys (
  user_id INT64 NOT NULL OPTIONS (description = 'The user, in users.'),
  email STRING NOT NULL OPTIONS (description = 'The email, as in users.'),
  phone STRING OPTIONS (description = 'The phone number, in E.164; NULL for none.')
) AS
SELECT
  u.id AS user_id,
  u.email,
  p.customer_phone AS phone
FROM merchant_provider.users AS u
JOIN ewallet_working.phones AS p ON LOWER(TRIM(u.email, ' \t\r\n')) = p.person
