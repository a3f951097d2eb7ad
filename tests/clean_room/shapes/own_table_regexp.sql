-- verdict: allowed
-- source: https://cloud.google.com/bigquery/docs/reference/standard-sql/string_functions
SELECT COUNT(*) AS n FROM merchant_provider.users WHERE REGEXP_CONTAINS(email, r'^m')
