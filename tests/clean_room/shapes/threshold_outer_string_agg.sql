-- verdict: allowed
-- source: https://cloud.google.com/bigquery/docs/reference/standard-sql/aggregate_functions
-- withheld: Business: 33 people
SELECT STRING_AGG(account_tier, ',' ORDER BY account_tier) AS tiers FROM (SELECT WITH AGGREGATION_THRESHOLD account_tier, COUNT(*) AS n FROM ewallet_clean_room.wallet_spend GROUP BY account_tier)
