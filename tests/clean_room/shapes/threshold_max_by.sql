-- verdict: refused
-- source: https://cloud.google.com/bigquery/docs/reference/standard-sql/query-syntax
-- says: MAX_BY is not supported
SELECT WITH AGGREGATION_THRESHOLD account_tier, MAX_BY(transaction_amount, hashed_email) AS amount FROM ewallet_clean_room.wallet_spend GROUP BY account_tier
