-- purpose: What the merchant can match its customers by.
CREATE OR REPLACE TABLE merchant_provider.identity_keys (
  user_id INT64 NOT NULL,
  email STRING NOT NULL,
  phone STRING NOT NULL
) AS
SELECT
  u.id AS user_id,
  u.email,
  p.phone
FROM merchant_provider.users AS u
JOIN ewallet_working.phones AS p ON LOWER(TRIM(u.email, ' \t\r\n')) = p.person
