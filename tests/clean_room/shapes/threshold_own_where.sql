-- verdict: allowed
-- source: https://cloud.google.com/bigquery/docs/reference/standard-sql/query-syntax
-- withheld: withheld: fewer than 50
SELECT WITH AGGREGATION_THRESHOLD account_tier, COUNT(DISTINCT hashed_email) AS people FROM ewallet_clean_room.wallet_spend WHERE transaction_amount > 20 GROUP BY account_tier
