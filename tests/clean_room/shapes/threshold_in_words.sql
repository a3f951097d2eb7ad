-- verdict: refused
-- source: https://cloud.google.com/bigquery/docs/reference/standard-sql/query-syntax
-- says: You must use SELECT WITH AGGREGATION_THRESHOLD
SELECT COUNT(*) AS n FROM ewallet_clean_room.wallet_spend
