-- verdict: allowed
-- source: https://cloud.google.com/bigquery/docs/reference/standard-sql/query-syntax
-- rows: 2
-- withheld: Business: 33 people
SELECT WITH AGGREGATION_THRESHOLD account_tier, APPROX_COUNT_DISTINCT(hashed_email) AS people FROM ewallet_clean_room.wallet_spend GROUP BY account_tier
