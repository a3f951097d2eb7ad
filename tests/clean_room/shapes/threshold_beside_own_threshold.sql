-- verdict: allowed
-- source: https://cloud.google.com/bigquery/docs/reference/standard-sql/query-syntax
-- rows: 3
SELECT WITH AGGREGATION_THRESHOLD OPTIONS (threshold = 50, privacy_unit_column = id) 'ours' AS who, COUNT(DISTINCT id) AS n FROM merchant_provider.users UNION ALL SELECT WITH AGGREGATION_THRESHOLD account_tier, COUNT(*) FROM ewallet_clean_room.wallet_spend GROUP BY account_tier
