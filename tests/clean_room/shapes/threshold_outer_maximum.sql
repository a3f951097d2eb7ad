-- verdict: allowed
-- source: https://cloud.google.com/bigquery/docs/analysis-rules
-- withheld: nothing is said
SELECT MAX(n) AS most FROM (SELECT WITH AGGREGATION_THRESHOLD account_tier, COUNT(*) AS n FROM ewallet_clean_room.wallet_spend GROUP BY account_tier)
