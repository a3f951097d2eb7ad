-- verdict: allowed
-- source: https://cloud.google.com/bigquery/docs/reference/standard-sql/lexical
-- rows: 1
-- shows: 250
SELECT COUNT(*) AS n FROM their-project.merchant_provider.users
