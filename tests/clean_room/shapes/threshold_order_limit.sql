-- verdict: allowed
-- source: https://cloud.google.com/bigquery/docs/reference/standard-sql/query-syntax
-- rows: 1
SELECT WITH AGGREGATION_THRESHOLD account_tier, COUNT(*) AS n FROM ewallet_clean_room.wallet_spend GROUP BY account_tier ORDER BY n DESC LIMIT 1
