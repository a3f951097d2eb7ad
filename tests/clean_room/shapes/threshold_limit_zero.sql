-- verdict: refused
-- source: https://cloud.google.com/bigquery/docs/analysis-rules
-- says: You must use
SELECT * FROM ewallet_clean_room.wallet_spend LIMIT 0
