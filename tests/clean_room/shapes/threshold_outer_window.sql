-- verdict: allowed
-- source: https://cloud.google.com/bigquery/docs/reference/standard-sql/window-function-calls
SELECT account_tier, n, SUM(n) OVER () AS everybody FROM (SELECT WITH AGGREGATION_THRESHOLD account_tier, COUNT(*) AS n FROM ewallet_clean_room.wallet_spend GROUP BY account_tier)
