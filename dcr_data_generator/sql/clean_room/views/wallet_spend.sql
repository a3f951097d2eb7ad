-- purpose: What the wallet's users spend, one row per transaction, for averages.
-- rule: Aggregation threshold. Groups have at least 50 people, however many transactions they have.
CREATE OR REPLACE VIEW ewallet_clean_room.wallet_spend
OPTIONS (
  description = 'What the users of the wallet spend, one row per transaction. Aggregation threshold: at least 50 people.',
  privacy_policy = '{"aggregation_threshold_policy": {"threshold": 50, "privacy_unit_column": "hashed_email"}, "join_restriction_policy": {"join_condition": "JOIN_NOT_REQUIRED", "join_allowed_columns": ["hashed_email"]}}'
)
AS
SELECT
  k.hashed_email,
  p.account_tier,
  t.transaction_amount
FROM ewallet_provider.transactions AS t
JOIN ewallet_provider.provider_users AS p ON t.provider_user_id = p.provider_user_id
JOIN ewallet_provider.clean_room_keys AS k ON p.provider_user_id = k.provider_user_id
