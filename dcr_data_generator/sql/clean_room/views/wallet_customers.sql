-- purpose: The wallet's users, one row per person: their tier, and whether the provider has verified them. A view
-- takes no parameters, so the salt is in a table of one row beside the provider's own tables. No subscriber can read
-- it; the view can, because it is authorized there.
-- rule: Aggregation threshold. Groups have at least 50 people, joined on hashed_email.
CREATE OR REPLACE VIEW ewallet_clean_room.wallet_customers
OPTIONS (
  description = 'The users of the wallet, one row per person. Aggregation threshold: groups of at least 50 people.',
  privacy_policy = '{"aggregation_threshold_policy": {"threshold": 50, "privacy_unit_column": "hashed_email"}, "join_restriction_policy": {"join_condition": "JOIN_ALL", "join_allowed_columns": ["hashed_email"]}}'
)
AS
SELECT
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
  ))) AS hashed_email,
  p.account_tier,
  p.is_verified_user
FROM ewallet_provider.provider_users AS p
CROSS JOIN ewallet_provider.clean_room_salt AS s
