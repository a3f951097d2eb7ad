-- verdict: error
-- source: https://cloud.google.com/bigquery/docs/querying-wildcard-tables
-- says: wildcard tables are not supported in a rehearsal
SELECT COUNT(*) AS n FROM `merchant_provider.order*`
