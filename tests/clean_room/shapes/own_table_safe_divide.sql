-- verdict: allowed
-- source: https://cloud.google.com/bigquery/docs/reference/standard-sql/mathematical_functions
SELECT SAFE_DIVIDE(SUM(num_of_item), COUNT(*)) AS items FROM merchant_provider.orders
