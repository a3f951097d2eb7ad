-- verdict: allowed
-- source: https://cloud.google.com/bigquery/docs/reference/standard-sql/subqueries
SELECT COUNT(*) AS n FROM merchant_provider.orders WHERE order_id < (SELECT WITH AGGREGATION_THRESHOLD COUNT(*) FROM ewallet_clean_room.wallet_spend)
