-- verdict: allowed
-- source: https://cloud.google.com/bigquery/docs/reference/standard-sql/query-syntax
SELECT WITH AGGREGATION_THRESHOLD account_tier = 'Free' AS is_free, COUNT(DISTINCT hashed_email) AS people FROM ewallet_clean_room.wallet_spend GROUP BY is_free
