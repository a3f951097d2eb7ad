-- verdict: refused
-- source: https://cloud.google.com/bigquery/docs/reference/standard-sql/query-syntax
-- says: is not supported
SELECT WITH AGGREGATION_THRESHOLD BIT_XOR(CAST(transaction_amount AS INT64)) AS bits FROM ewallet_clean_room.wallet_spend
