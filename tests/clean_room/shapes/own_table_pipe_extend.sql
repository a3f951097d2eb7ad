-- verdict: allowed
-- source: https://cloud.google.com/bigquery/docs/reference/standard-sql/pipe-syntax
-- rows: 3
FROM merchant_provider.users |> EXTEND age * 2 AS twice |> ORDER BY id |> LIMIT 3 |> SELECT id, twice
