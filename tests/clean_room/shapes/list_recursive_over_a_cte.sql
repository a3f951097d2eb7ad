-- verdict: error
-- source: https://cloud.google.com/bigquery/docs/reference/standard-sql/query-syntax
-- says: not supported in a rehearsal
WITH RECURSIVE b AS (SELECT order_id FROM ewallet_clean_room.wallet_orders), r AS (SELECT order_id FROM b UNION ALL SELECT order_id + 1 FROM r WHERE order_id < 3) SELECT * FROM r
