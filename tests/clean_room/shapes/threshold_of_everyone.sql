-- verdict: allowed
-- source: https://cloud.google.com/bigquery/docs/reference/standard-sql/query-syntax
-- withheld: Nothing was withheld.
SELECT WITH AGGREGATION_THRESHOLD COUNT(DISTINCT hashed_email) AS people, SUM(transaction_amount) AS total FROM ewallet_clean_room.wallet_spend
