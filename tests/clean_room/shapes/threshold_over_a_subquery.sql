-- verdict: allowed
-- source: https://cloud.google.com/bigquery/docs/reference/standard-sql/subqueries
SELECT WITH AGGREGATION_THRESHOLD account_tier, SUM(twice) AS n FROM (SELECT hashed_email, account_tier, 2 * transaction_amount AS twice FROM ewallet_clean_room.wallet_spend) GROUP BY account_tier
