-- verdict: refused
-- source: https://cloud.google.com/bigquery/docs/analysis-rules
-- says: You must use SELECT WITH DIFFERENTIAL_PRIVACY
SELECT account_tier, COUNT(*) AS n FROM ewallet_clean_room.wallet_spend_private GROUP BY account_tier
