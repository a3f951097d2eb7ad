-- verdict: allowed
-- source: https://cloud.google.com/bigquery/docs/reference/standard-sql/subqueries
SELECT COUNT(*) AS n FROM merchant_provider.users WHERE id IN (SELECT o.user_id FROM merchant_provider.orders AS o JOIN ewallet_clean_room.wallet_orders AS w ON o.order_id = w.order_id)
