-- verdict: error
-- source: https://cloud.google.com/bigquery/docs/reference/standard-sql/query-syntax
-- says: Table not found
SELECT * FROM merchant_provider.invoices
