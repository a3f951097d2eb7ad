-- verdict: allowed
-- source: https://cloud.google.com/bigquery/docs/reference/standard-sql/query-syntax
SELECT WITH AGGREGATION_THRESHOLD OPTIONS (threshold = 50, privacy_unit_column = hashed_email) account_tier, AVG(transaction_amount) AS average FROM ewallet_clean_room.wallet_spend GROUP BY account_tier
