-- verdict: allowed
-- source: https://cloud.google.com/bigquery/docs/reference/standard-sql/query-syntax
WITH w AS (SELECT hashed_email, account_tier FROM ewallet_clean_room.wallet_spend) SELECT WITH AGGREGATION_THRESHOLD account_tier, COUNT(*) AS n FROM w GROUP BY account_tier
