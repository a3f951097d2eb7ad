-- verdict: refused
-- source: https://cloud.google.com/bigquery/docs/analysis-rules
-- says: privacy unit column
SELECT WITH AGGREGATION_THRESHOLD k.hashed_email, COUNT(*) AS n FROM ewallet_clean_room.wallet_spend AS w JOIN merchant_provider.clean_room_keys AS k ON w.hashed_email = k.hashed_email GROUP BY k.hashed_email
