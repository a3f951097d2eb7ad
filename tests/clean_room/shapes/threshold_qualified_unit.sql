-- verdict: allowed
-- source: https://cloud.google.com/bigquery/docs/reference/standard-sql/query-syntax
SELECT WITH AGGREGATION_THRESHOLD OPTIONS (threshold = 50, privacy_unit_column = w.hashed_email) w.account_tier, COUNT(*) AS n FROM ewallet_clean_room.wallet_spend AS w GROUP BY w.account_tier
