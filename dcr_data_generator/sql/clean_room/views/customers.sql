-- The merchant's customers, a row a user who has an email.
-- List overlap: whoever asks learns about the people whom they know, too, and about no others.
CREATE OR REPLACE VIEW merchant_clean_room.customers
OPTIONS (
  description = 'The customers of the merchant, a row a user. List overlap: joined on hashed_email only.',
  privacy_policy = '{"join_restriction_policy": {"join_condition": "JOIN_ALL", "join_allowed_columns": ["hashed_email"]}}'
)
AS
SELECT
  TO_HEX(SHA256(CONCAT(s.salt, LOWER(TRIM(u.email, ' \t\r\n'))))) AS hashed_email,
  u.age,
  u.gender,
  u.country
FROM merchant_provider.users AS u
CROSS JOIN merchant_provider.clean_room_salt AS s
WHERE TRIM(u.email, ' \t\r\n') != ''
