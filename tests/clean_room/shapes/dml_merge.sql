-- verdict: refused
-- source: https://cloud.google.com/bigquery/docs/reference/standard-sql/dml-syntax
-- says: Only a single query is rehearsed
MERGE merchant_provider.users AS u USING ewallet_provider.provider_users AS p ON u.email = p.email WHEN MATCHED THEN UPDATE SET city = p.city
