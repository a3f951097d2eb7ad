-- purpose: The wallet's users, one row per person: their tier, and whether the provider has verified them.
-- rule: Aggregation threshold. Groups have at least 50 people, joined on hashed_email.
CREATE OR REPLACE VIEW ewallet_clean_room.wallet_customers
OPTIONS (
  description = 'The users of the wallet, one row per person. Aggregation threshold: groups of at least 50 people.',
  privacy_policy = '{"aggregation_threshold_policy": {"threshold": 50, "privacy_unit_column": "hashed_email"}, "join_restriction_policy": {"join_condition": "JOIN_ALL", "join_allowed_columns": ["hashed_email"]}}'
)
AS
SELECT
  k.hashed_email,
  p.account_tier,
  p.is_verified_user
FROM ewallet_provider.provider_users AS p
JOIN ewallet_provider.clean_room_keys AS k ON p.provider_user_id = k.provider_user_id
