-- verdict: allowed
-- source: https://cloud.google.com/bigquery/docs/reference/standard-sql/query-syntax
-- withheld: Business: 33 people
SELECT WITH AGGREGATION_THRESHOLD COUNT(*) AS n FROM ewallet_clean_room.wallet_spend GROUP BY account_tier
