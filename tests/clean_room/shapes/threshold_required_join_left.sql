-- verdict: refused
-- source: https://cloud.google.com/bigquery/docs/analysis-rules
-- says: Joining must occur on all
SELECT WITH AGGREGATION_THRESHOLD w.account_tier, COUNT(*) AS n FROM ewallet_clean_room.wallet_customers AS w LEFT JOIN merchant_provider.clean_room_keys AS k ON w.hashed_email = k.hashed_email GROUP BY w.account_tier
