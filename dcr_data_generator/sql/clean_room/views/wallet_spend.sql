-- purpose: What the wallet's users spend, one row per transaction, for averages.
-- rule: Aggregation threshold. Groups have at least 50 people, however many transactions they have.
CREATE OR REPLACE VIEW ewallet_clean_room.wallet_spend
OPTIONS (
  description = 'What the users of the wallet spend, one row per transaction. Aggregation threshold: at least 50 people.',
  privacy_policy = '{"aggregation_threshold_policy": {"threshold": 50, "privacy_unit_column": "hashed_email"}, "join_restriction_policy": {"join_condition": "JOIN_NOT_REQUIRED", "join_allowed_columns": ["hashed_email"]}}'
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
  t.transaction_amount
FROM ewallet_provider.transactions AS t
JOIN ewallet_provider.provider_users AS p ON t.provider_user_id = p.provider_user_id
CROSS JOIN ewallet_provider.clean_room_salt AS s
