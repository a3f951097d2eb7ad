-- verdict: error
-- source: https://cloud.google.com/bigquery/docs/reference/standard-sql/query-syntax
-- says: WITH RECURSIVE with a shared view or a salt is not supported in a rehearsal
WITH RECURSIVE r AS (SELECT order_id FROM ewallet_clean_room.wallet_orders UNION ALL SELECT order_id + 1 FROM r WHERE order_id < 3) SELECT * FROM r
