-- verdict: allowed
-- source: https://cloud.google.com/bigquery/docs/reference/standard-sql/subqueries
SELECT (SELECT WITH AGGREGATION_THRESHOLD COUNT(*) FROM ewallet_clean_room.wallet_spend) AS payments
