-- verdict: allowed
-- source: https://cloud.google.com/bigquery/docs/reference/standard-sql/query-syntax
-- withheld: Nothing was withheld.
SELECT WITH AGGREGATION_THRESHOLD account_tier, COUNT(*) AS n FROM ewallet_clean_room.wallet_spend WHERE account_tier = 'Free' GROUP BY account_tier
