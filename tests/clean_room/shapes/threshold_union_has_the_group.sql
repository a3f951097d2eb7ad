-- verdict: allowed
-- source: https://cloud.google.com/bigquery/docs/analysis-rules
-- rows: 2
-- withheld: nothing is said
SELECT account_tier = 'Free' AS is_free
FROM (SELECT WITH AGGREGATION_THRESHOLD OPTIONS (threshold = 50) account_tier FROM ewallet_clean_room.wallet_spend GROUP BY account_tier)
UNION DISTINCT
SELECT FALSE
