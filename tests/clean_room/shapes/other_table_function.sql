-- verdict: refused
-- source: https://cloud.google.com/bigquery/docs/table-functions
-- says: Access Denied
SELECT * FROM ewallet_provider.everybody(TABLE merchant_provider.users)
