-- verdict: allowed
-- source: https://cloud.google.com/bigquery/docs/reference/standard-sql/subqueries
SELECT id FROM merchant_provider.users WHERE id NOT IN (SELECT user_id FROM merchant_provider.orders)
