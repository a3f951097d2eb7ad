-- verdict: allowed
-- source: https://cloud.google.com/bigquery/docs/reference/standard-sql/subqueries
SELECT id FROM merchant_provider.users WHERE id IN (SELECT user_id FROM merchant_provider.orders WHERE status = 'Returned')
