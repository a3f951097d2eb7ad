-- verdict: allowed
-- source: https://cloud.google.com/bigquery/docs/analysis-rules
SELECT WITH AGGREGATION_THRESHOLD w.account_tier, SUM(w.transaction_amount * c.rate) AS euros FROM ewallet_clean_room.wallet_spend AS w CROSS JOIN (SELECT 0.5 AS rate) AS c GROUP BY w.account_tier
