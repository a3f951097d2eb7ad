-- verdict: allowed
-- source: https://cloud.google.com/bigquery/docs/reference/standard-sql/aggregate-function-calls
-- rows: 1
SELECT COUNT(* WHERE status = 'Returned') AS returned FROM merchant_provider.orders
