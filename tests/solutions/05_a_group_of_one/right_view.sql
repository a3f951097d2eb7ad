CREATE OR REPLACE VIEW ewallet_clean_room.wallet_spend
OPTIONS (
  description = 'With a threshold.',
  privacy_policy = '{"aggregation_threshold_policy": {"threshold": 20, "privacy_unit_column": "hashed_email"}}'
)
AS
SELECT hashed_email FROM nowhere
