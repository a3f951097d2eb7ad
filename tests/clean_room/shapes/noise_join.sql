-- verdict: allowed
-- source: https://cloud.google.com/bigquery/docs/reference/standard-sql/query-syntax#dp_clause
-- columns: account_tier, n
SELECT WITH DIFFERENTIAL_PRIVACY w.account_tier, COUNT(*) AS n FROM ewallet_clean_room.wallet_spend_private AS w JOIN merchant_provider.clean_room_keys AS k ON w.hashed_email = k.hashed_email GROUP BY w.account_tier
