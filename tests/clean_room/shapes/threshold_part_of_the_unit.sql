-- verdict: refused
-- source: https://cloud.google.com/bigquery/docs/analysis-rules
-- says: privacy unit column
SELECT WITH AGGREGATION_THRESHOLD SUBSTR(hashed_email, 1, 2) AS start, COUNT(*) AS n FROM ewallet_clean_room.wallet_spend GROUP BY start
