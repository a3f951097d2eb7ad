-- verdict: error
-- source: https://cloud.google.com/bigquery/docs/reference/standard-sql/query-syntax
-- says: Unrecognized name
SELECT nothing FROM merchant_provider.users
