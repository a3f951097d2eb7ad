-- verdict: error
-- source: https://cloud.google.com/bigquery/docs/reference/standard-sql/security_functions
-- says: cannot be evaluated here
SELECT SESSION_USER() AS me
