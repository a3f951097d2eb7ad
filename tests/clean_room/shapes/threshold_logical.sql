-- verdict: allowed
-- source: https://cloud.google.com/bigquery/docs/reference/standard-sql/query-syntax
SELECT WITH AGGREGATION_THRESHOLD account_tier, LOGICAL_OR(transaction_amount > 30) AS dear, LOGICAL_AND(transaction_amount > 5) AS cheap FROM ewallet_clean_room.wallet_spend GROUP BY account_tier
