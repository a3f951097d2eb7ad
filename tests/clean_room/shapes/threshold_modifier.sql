-- verdict: refused
-- source: https://cloud.google.com/bigquery/docs/reference/standard-sql/aggregate-function-calls
-- says: Modifiers in AVG are not supported
SELECT WITH AGGREGATION_THRESHOLD AVG(transaction_amount HAVING MAX transaction_amount) AS average FROM ewallet_clean_room.wallet_spend
