-- verdict: allowed
-- source: https://cloud.google.com/bigquery/docs/table-sampling
-- rows: 1
-- shows: true
SELECT COUNT(*) <= 250 AS is_part FROM merchant_provider.users TABLESAMPLE SYSTEM (10 PERCENT)
