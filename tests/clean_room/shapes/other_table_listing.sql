-- verdict: refused
-- source: https://cloud.google.com/bigquery/docs/access-control
-- says: Access Denied
SELECT * FROM ewallet_provider.__TABLES__
