-- verdict: error
-- source: https://cloud.google.com/bigquery/docs/reference/standard-sql/mathematical_functions
-- says: division by zero
SELECT 1 / (age - age) AS x FROM merchant_provider.users
