-- verdict: allowed
-- source: https://cloud.google.com/bigquery/docs/reference/standard-sql/query-syntax
SELECT WITH AGGREGATION_THRESHOLD s.account_tier, COUNT(DISTINCT s.hashed_email) AS people FROM ewallet_clean_room.wallet_spend AS s JOIN ewallet_clean_room.wallet_customers AS c ON s.hashed_email = c.hashed_email GROUP BY s.account_tier
