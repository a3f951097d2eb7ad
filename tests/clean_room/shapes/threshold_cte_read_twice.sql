-- verdict: allowed
-- source: https://cloud.google.com/bigquery/docs/reference/standard-sql/query-syntax
WITH t AS (SELECT WITH AGGREGATION_THRESHOLD account_tier, COUNT(*) AS n FROM ewallet_clean_room.wallet_spend GROUP BY account_tier) SELECT a.account_tier, a.n / b.n AS share FROM t AS a CROSS JOIN t AS b WHERE b.account_tier = 'Free'
