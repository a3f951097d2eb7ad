-- verdict: refused
-- source: https://cloud.google.com/bigquery/docs/analysis-rules
-- says: hashed_email
SELECT WITH DIFFERENTIAL_PRIVACY hashed_email, COUNT(*) AS n FROM ewallet_clean_room.wallet_spend_private GROUP BY hashed_email
