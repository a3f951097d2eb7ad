-- verdict: allowed
-- source: https://cloud.google.com/bigquery/docs/reference/standard-sql/query-syntax
-- withheld: nothing is said
-- rows: 2
WITH RECURSIVE n AS (SELECT 1 AS order_id UNION ALL SELECT order_id + 1 FROM n WHERE order_id < 3) SELECT o.order_id FROM n JOIN ewallet_clean_room.wallet_orders AS o ON o.order_id = n.order_id
