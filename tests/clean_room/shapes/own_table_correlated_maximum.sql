-- verdict: allowed
-- source: https://cloud.google.com/bigquery/docs/reference/standard-sql/subqueries
SELECT u.id, (SELECT MAX(o.num_of_item) FROM merchant_provider.orders AS o WHERE o.user_id = u.id) AS most FROM merchant_provider.users AS u
