-- verdict: refused
-- source: https://cloud.google.com/bigquery/docs/data-clean-rooms
-- says: Access Denied
SELECT email, date_of_birth, account_tier FROM ewallet_provider.provider_users
