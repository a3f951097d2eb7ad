-- verdict: refused
-- source: https://cloud.google.com/bigquery/docs/analysis-rules
-- says: privacy unit column
SELECT WITH AGGREGATION_THRESHOLD hashed_email, COUNT(*) AS n FROM ewallet_clean_room.wallet_spend GROUP BY hashed_email
