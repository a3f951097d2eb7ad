-- verdict: refused
-- source: https://cloud.google.com/bigquery/docs/reference/standard-sql/query-syntax
-- says: ARRAY_AGG is not supported
SELECT WITH AGGREGATION_THRESHOLD account_tier, ARRAY_AGG(transaction_amount) AS amounts FROM ewallet_clean_room.wallet_spend GROUP BY account_tier
