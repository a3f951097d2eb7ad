-- verdict: refused
-- source: https://cloud.google.com/bigquery/docs/multi-statement-queries
-- says: Only a single query is rehearsed
SELECT COUNT(*) FROM merchant_provider.users; SELECT COUNT(*) FROM merchant_provider.orders;
