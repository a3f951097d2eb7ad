-- verdict: allowed
-- source: https://cloud.google.com/bigquery/docs/analysis-rules
SELECT WITH AGGREGATION_THRESHOLD w.account_tier, COUNT(DISTINCT w.hashed_email) AS people FROM merchant_clean_room.customers AS c JOIN ewallet_clean_room.wallet_customers AS w ON c.hashed_email = w.hashed_email GROUP BY w.account_tier
