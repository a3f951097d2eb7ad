-- purpose: The merchant's customers, one row per user who has an email.
-- rule: List overlap. A subscriber sees the customers whom they know, too, and no others.
CREATE OR REPLACE VIEW merchant_clean_room.customers
OPTIONS (
  description = 'The customers of the merchant, one row per user. List overlap: joined on hashed_email only.',
  privacy_policy = '{"join_restriction_policy": {"join_condition": "JOIN_ALL", "join_allowed_columns": ["hashed_email"]}}'
)
AS
SELECT
  k.hashed_email,
  u.age,
  u.gender,
  u.country
FROM merchant_provider.users AS u
JOIN merchant_provider.clean_room_keys AS k ON u.id = k.user_id
