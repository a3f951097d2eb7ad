-- verdict: refused
-- source: https://cloud.google.com/bigquery/docs/analysis-rules
-- says: Joining must occur on all
SELECT WITH AGGREGATION_THRESHOLD account_tier, COUNT(*) AS n FROM ewallet_clean_room.wallet_customers WHERE hashed_email IN (SELECT hashed_email FROM merchant_provider.clean_room_keys) GROUP BY account_tier
