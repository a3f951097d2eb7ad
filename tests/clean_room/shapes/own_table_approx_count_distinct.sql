-- verdict: allowed
-- source: https://cloud.google.com/bigquery/docs/reference/standard-sql/approximate_aggregate_functions
-- rows: 1
-- shows: 250
SELECT APPROX_COUNT_DISTINCT(user_id) AS people FROM merchant_provider.orders
