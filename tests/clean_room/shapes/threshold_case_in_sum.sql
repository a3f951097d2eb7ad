-- verdict: allowed
-- source: https://cloud.google.com/bigquery/docs/reference/standard-sql/query-syntax
SELECT WITH AGGREGATION_THRESHOLD SUM(CASE WHEN account_tier = 'Free' THEN 1 ELSE 0 END) AS free FROM ewallet_clean_room.wallet_spend
