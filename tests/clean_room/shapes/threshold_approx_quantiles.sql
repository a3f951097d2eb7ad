-- verdict: refused
-- source: https://cloud.google.com/bigquery/docs/reference/standard-sql/query-syntax
-- says: APPROX_QUANTILES is not supported
SELECT WITH AGGREGATION_THRESHOLD account_tier, APPROX_QUANTILES(transaction_amount, 2) AS quantiles FROM ewallet_clean_room.wallet_spend GROUP BY account_tier
