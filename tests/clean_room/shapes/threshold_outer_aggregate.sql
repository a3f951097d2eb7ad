-- verdict: allowed
-- source: https://cloud.google.com/bigquery/docs/reference/standard-sql/query-syntax
-- withheld: Business: 33 people
SELECT SUM(people) AS everyone, MAX(average) - MIN(average) AS spread FROM (SELECT WITH AGGREGATION_THRESHOLD account_tier, COUNT(DISTINCT hashed_email) AS people, AVG(transaction_amount) AS average FROM ewallet_clean_room.wallet_spend GROUP BY account_tier)
