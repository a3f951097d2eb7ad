-- verdict: error
-- source: https://cloud.google.com/bigquery/docs/access-historical-data
-- says: FOR SYSTEM_TIME AS OF is not supported in a rehearsal
SELECT COUNT(*) AS n FROM merchant_provider.users FOR SYSTEM_TIME AS OF TIMESTAMP '2025-09-23'
