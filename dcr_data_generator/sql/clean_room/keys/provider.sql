-- purpose: The provider's users by the key of the clean room: for the views that share them, and for the provider's own
-- queries. A view takes no parameters, so the salt and the name of the rule are in a table of one row.
CREATE OR REPLACE VIEW ewallet_provider.clean_room_keys
OPTIONS (description = 'The key of each of our users in the clean room. Nobody else reads it.')
AS
SELECT
  p.provider_user_id,
  TO_HEX(SHA256(CONCAT(
    s.salt,
    CASE s.normalizer
      WHEN 'as_is' THEN p.email
      WHEN 'lower_trim' THEN LOWER(TRIM(p.email, ' \t\r\n'))
      WHEN 'customer_match' THEN LOWER(REGEXP_REPLACE(p.email, r'\s', ''))
      WHEN 'uid2' THEN IF(
        REGEXP_CONTAINS(p.email, r'(?i)@(gmail\.com|example\.net) *$'),
        LOWER(CONCAT(
          REPLACE(REGEXP_EXTRACT(p.email, '^ *([^+@]*)'), '.', ''),
          REGEXP_EXTRACT(p.email, '(@[^@]*?) *$')
        )),
        LOWER(TRIM(p.email, ' '))
      )
    END
  ))) AS hashed_email
FROM ewallet_provider.provider_users AS p
CROSS JOIN ewallet_provider.clean_room_salt AS s
