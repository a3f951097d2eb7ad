-- verdict: refused
-- source: https://cloud.google.com/bigquery/docs/reference/standard-sql/query-syntax
-- says: MAX is not supported
SELECT WITH AGGREGATION_THRESHOLD AVG(most) AS average FROM (SELECT hashed_email, MAX(transaction_amount) AS most FROM ewallet_clean_room.wallet_spend GROUP BY hashed_email)
