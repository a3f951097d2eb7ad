-- verdict: refused
-- source: https://cloud.google.com/bigquery/docs/analysis-rules
-- says: You must use SELECT WITH AGGREGATION_THRESHOLD
SELECT WITH DIFFERENTIAL_PRIVACY OPTIONS (epsilon = 1, delta = 0.0001) account_tier, COUNT(*) AS n FROM ewallet_clean_room.wallet_spend GROUP BY account_tier
