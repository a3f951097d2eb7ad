-- verdict: error
-- source: https://cloud.google.com/bigquery/docs/reference/standard-sql/approximate_aggregate_functions
-- says: cannot be evaluated here
SELECT APPROX_QUANTILES(age, 4) AS quartiles FROM merchant_provider.users
