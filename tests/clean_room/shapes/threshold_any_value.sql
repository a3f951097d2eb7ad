-- verdict: refused
-- source: https://cloud.google.com/bigquery/docs/reference/standard-sql/query-syntax
-- says: ANY_VALUE is not supported
SELECT WITH AGGREGATION_THRESHOLD account_tier, ANY_VALUE(transaction_amount) AS amount FROM ewallet_clean_room.wallet_spend GROUP BY account_tier
