-- purpose: The merchant's customers by the key of the clean room: for the views that share them, and for the merchant's
-- own queries. A view takes no parameters, so the salt and the name of the rule are in a table of one row.
CREATE OR REPLACE VIEW merchant_provider.clean_room_keys
OPTIONS (description = 'The key of each of our customers in the clean room. Nobody else reads it.')
AS
SELECT
  u.id AS user_id,
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
  ))) AS hashed_email
FROM merchant_provider.users AS u
CROSS JOIN merchant_provider.clean_room_salt AS s
WHERE TRIM(u.email, ' \t\r\n') != ''
