-- verdict: error
-- source: https://cloud.google.com/bigquery/docs/reference/standard-sql/query-syntax
-- says: is not an option
SELECT WITH AGGREGATION_THRESHOLD OPTIONS (min_privacy_units_per_group = 50) COUNT(*) AS n FROM ewallet_clean_room.wallet_spend
