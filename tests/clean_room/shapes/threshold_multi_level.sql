-- verdict: refused
-- source: https://cloud.google.com/bigquery/docs/reference/standard-sql/aggregate-function-calls
-- says: GROUP BY modifiers
SELECT WITH AGGREGATION_THRESHOLD AVG(SUM(transaction_amount) GROUP BY hashed_email) AS average FROM ewallet_clean_room.wallet_spend
