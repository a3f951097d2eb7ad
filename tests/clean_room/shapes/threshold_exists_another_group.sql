-- verdict: allowed
-- source: https://cloud.google.com/bigquery/docs/analysis-rules
-- rows: 1
-- withheld: nothing is said
SELECT tier
FROM UNNEST(['Free']) AS tier
WHERE EXISTS (SELECT WITH AGGREGATION_THRESHOLD OPTIONS (threshold = 50) account_tier FROM ewallet_clean_room.wallet_spend GROUP BY account_tier)
