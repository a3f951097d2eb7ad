-- verdict: allowed
-- source: https://cloud.google.com/bigquery/docs/reference/standard-sql/query-syntax
SELECT u.id, o.order_id FROM merchant_provider.users AS u LEFT JOIN merchant_provider.orders AS o ON u.id = o.user_id
