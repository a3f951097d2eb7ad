-- verdict: refused
-- source: https://cloud.google.com/bigquery/docs/data-clean-rooms
-- as: provider
-- says: Access Denied
SELECT email, age FROM merchant_provider.users
