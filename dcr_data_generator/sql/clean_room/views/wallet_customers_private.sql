-- purpose: The wallet's users, one row per person, answered with noise.
-- rule: Differential privacy. The budget pays for 3 questions of the highest epsilon; then the view is not answered any
-- more.
CREATE OR REPLACE VIEW ewallet_clean_room.wallet_customers_private
OPTIONS (
  description = 'The users of the wallet, one row per person. Differential privacy, with a budget.',
  privacy_policy = '{"differential_privacy_policy": {"privacy_unit_column": "hashed_email", "max_epsilon_per_query": 1, "epsilon_budget": 3, "delta_per_query": 0.0001, "delta_budget": 0.0006, "max_groups_contributed": 1}, "join_restriction_policy": {"join_condition": "JOIN_NOT_REQUIRED", "join_allowed_columns": ["hashed_email"]}}'
)
AS
SELECT
  k.hashed_email,
  p.account_tier,
  p.is_verified_user
FROM ewallet_provider.provider_users AS p
JOIN ewallet_provider.clean_room_keys AS k ON p.provider_user_id = k.provider_user_id
