-- verdict: error
-- source: https://cloud.google.com/bigquery/docs/parameterized-queries
-- says: parameter
SELECT COUNT(*) AS n FROM merchant_provider.users WHERE age > @age
