-- verdict: allowed
-- source: https://cloud.google.com/bigquery/docs/reference/standard-sql/subqueries
SELECT u.id, (SELECT COUNT(*) FROM merchant_provider.orders AS o WHERE o.user_id = u.id) AS orders FROM merchant_provider.users AS u
