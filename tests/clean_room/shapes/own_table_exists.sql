-- verdict: allowed
-- source: https://cloud.google.com/bigquery/docs/reference/standard-sql/subqueries
SELECT u.id FROM merchant_provider.users AS u WHERE EXISTS (SELECT 1 FROM merchant_provider.orders AS o WHERE o.user_id = u.id AND o.num_of_item > 1)
