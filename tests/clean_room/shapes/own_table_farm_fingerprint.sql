-- verdict: allowed
-- source: https://cloud.google.com/bigquery/docs/reference/standard-sql/hash_functions
-- rows: 1
SELECT FARM_FINGERPRINT('a') AS fingerprint
