-- verdict: refused
-- source: https://cloud.google.com/bigquery/docs/analysis-rules
-- says: You must use
SELECT account_tier, COUNT(*) AS n FROM ewallet_clean_room.wallet_spend GROUP BY account_tier
