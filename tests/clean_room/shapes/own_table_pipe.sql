-- verdict: allowed
-- source: https://cloud.google.com/bigquery/docs/reference/standard-sql/pipe-syntax
FROM merchant_provider.users |> WHERE age > 30 |> AGGREGATE COUNT(*) AS n GROUP BY country
