-- verdict: refused
-- source: https://cloud.google.com/bigquery/docs/analysis-rules
-- says: Join occurring on a restricted column
SELECT WITH AGGREGATION_THRESHOLD w.account_tier, COUNT(*) AS n FROM ewallet_clean_room.wallet_spend AS w JOIN (SELECT 'Free' AS tier) AS t ON w.account_tier = t.tier GROUP BY w.account_tier
