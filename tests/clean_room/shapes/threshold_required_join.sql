-- verdict: allowed
-- source: https://cloud.google.com/bigquery/docs/analysis-rules
-- withheld: of the 240 rows of ewallet_clean_room.wallet_customers, withheld
SELECT WITH AGGREGATION_THRESHOLD w.account_tier, COUNT(DISTINCT w.hashed_email) AS people FROM ewallet_clean_room.wallet_customers AS w JOIN merchant_provider.clean_room_keys AS k ON w.hashed_email = k.hashed_email GROUP BY w.account_tier
