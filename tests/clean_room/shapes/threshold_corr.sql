-- verdict: refused
-- source: https://cloud.google.com/bigquery/docs/reference/standard-sql/query-syntax
-- says: CORR is not supported
SELECT WITH AGGREGATION_THRESHOLD CORR(transaction_amount, transaction_amount) AS c FROM ewallet_clean_room.wallet_spend
