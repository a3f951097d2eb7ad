-- verdict: refused
-- source: https://cloud.google.com/bigquery/docs/reference/standard-sql/query-syntax
-- says: MIN is not supported
SELECT WITH AGGREGATION_THRESHOLD account_tier, MIN(transaction_amount) AS least FROM ewallet_clean_room.wallet_spend GROUP BY account_tier
