-- verdict: allowed
-- source: https://cloud.google.com/bigquery/docs/reference/standard-sql/pipe-syntax
FROM (SELECT WITH AGGREGATION_THRESHOLD account_tier, COUNT(*) AS n FROM ewallet_clean_room.wallet_spend GROUP BY account_tier) |> WHERE n > 70 |> SELECT account_tier
