-- verdict: allowed
-- source: https://cloud.google.com/bigquery/docs/reference/standard-sql/query-syntax
-- withheld: Business: 33 people, withheld: fewer than 50
SELECT WITH AGGREGATION_THRESHOLD account_tier, COUNT(DISTINCT hashed_email) AS people FROM ewallet_clean_room.wallet_spend GROUP BY account_tier
