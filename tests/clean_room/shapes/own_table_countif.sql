-- verdict: allowed
-- source: https://cloud.google.com/bigquery/docs/reference/standard-sql/aggregate_functions
SELECT COUNTIF(status = 'Returned') AS returned FROM merchant_provider.orders
