-- purpose: The same rows as wallet_spend, answered with noise.
-- rule: Differential privacy. The budget pays for 20 questions of the highest epsilon; then the view is not answered
-- any more.
CREATE OR REPLACE VIEW ewallet_clean_room.wallet_spend_private
OPTIONS (
  description = 'What the users of the wallet spend, one row per transaction. Differential privacy, with a budget.',
  privacy_policy = '{"differential_privacy_policy": {"privacy_unit_column": "hashed_email", "max_epsilon_per_query": 5, "epsilon_budget": 100, "delta_per_query": 0.0001, "delta_budget": 0.002, "max_groups_contributed": 1}, "join_restriction_policy": {"join_condition": "JOIN_NOT_REQUIRED", "join_allowed_columns": ["hashed_email"]}}'
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
