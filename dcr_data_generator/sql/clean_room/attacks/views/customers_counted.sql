-- purpose: The merchant's customers, with a threshold instead of the list overlap. It is not published.
-- rule: Aggregation threshold. Groups have at least 50 people, joined on hashed_email.
CREATE OR REPLACE VIEW merchant_clean_room.customers_counted
OPTIONS (
  description = 'The customers of the merchant, one row per user. Aggregation threshold: groups of at least 50 people.',
  privacy_policy = '{"aggregation_threshold_policy": {"threshold": 50, "privacy_unit_column": "hashed_email"}, "join_restriction_policy": {"join_condition": "JOIN_ALL", "join_allowed_columns": ["hashed_email"]}}'
)
AS
SELECT hashed_email
FROM merchant_provider.clean_room_keys
