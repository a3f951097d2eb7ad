-- verdict: allowed
-- source: https://cloud.google.com/bigquery/docs/reference/standard-sql/query-syntax
WITH w AS (SELECT * FROM ewallet_clean_room.wallet_orders) SELECT COUNT(*) AS n FROM merchant_provider.orders AS o JOIN w ON o.order_id = w.order_id
