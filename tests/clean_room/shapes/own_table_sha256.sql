-- verdict: allowed
-- source: https://cloud.google.com/bigquery/docs/reference/standard-sql/hash_functions
-- rows: 1
SELECT TO_HEX(SHA256('a')) AS digest
