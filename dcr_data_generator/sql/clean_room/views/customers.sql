-- purpose: The merchant's customers, one row per user who has an email.
-- rule: List overlap. A subscriber sees the customers whom they know, too, and no others.
CREATE OR REPLACE VIEW merchant_clean_room.customers
OPTIONS (
  description = 'The customers of the merchant, one row per user. List overlap: joined on hashed_email only.',
  privacy_policy = '{"join_restriction_policy": {"join_condition": "JOIN_ALL", "join_allowed_columns": ["hashed_email"]}}'
)
AS
SELECT
  TO_HEX(SHA256(CONCAT(
    s.salt,
    CASE s.normalizer
      WHEN 'as_is' THEN u.email
      WHEN 'lower_trim' THEN LOWER(TRIM(u.email, ' \t\r\n'))
      WHEN 'customer_match' THEN LOWER(REGEXP_REPLACE(u.email, r'\s', ''))
      WHEN 'uid2' THEN IF(
        REGEXP_CONTAINS(u.email, r'(?i)@(gmail\.com|example\.net) *$'),
        LOWER(CONCAT(
          REPLACE(REGEXP_EXTRACT(u.email, '^ *([^+@]*)'), '.', ''),
          REGEXP_EXTRACT(u.email, '(@[^@]*?) *$')
        )),
        LOWER(TRIM(u.email, ' '))
      )
    END
  ))) AS hashed_email,
  u.age,
  u.gender,
  u.country
FROM merchant_provider.users AS u
CROSS JOIN merchant_provider.clean_room_salt AS s
WHERE TRIM(u.email, ' \t\r\n') != ''
