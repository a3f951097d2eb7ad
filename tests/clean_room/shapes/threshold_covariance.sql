-- verdict: allowed
-- source: https://cloud.google.com/bigquery/docs/reference/standard-sql/query-syntax
SELECT WITH AGGREGATION_THRESHOLD account_tier, ROUND(COVAR_POP(transaction_amount, transaction_amount), 6) AS c FROM ewallet_clean_room.wallet_spend GROUP BY account_tier
