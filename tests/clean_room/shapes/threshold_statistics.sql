-- verdict: allowed
-- source: https://cloud.google.com/bigquery/docs/reference/standard-sql/query-syntax
SELECT WITH AGGREGATION_THRESHOLD account_tier, ROUND(STDDEV_SAMP(transaction_amount), 6) AS spread, ROUND(VAR_POP(transaction_amount), 6) AS variance FROM ewallet_clean_room.wallet_spend GROUP BY account_tier
