-- verdict: refused
-- source: https://cloud.google.com/bigquery/docs/reference/standard-sql/pipe-syntax
-- says: Access Denied
FROM ewallet_provider.provider_users |> AGGREGATE COUNT(*) AS n
