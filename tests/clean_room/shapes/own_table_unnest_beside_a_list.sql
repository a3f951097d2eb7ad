-- verdict: allowed
-- source: https://cloud.google.com/bigquery/docs/analysis-rules
-- withheld: nothing is said
-- rows: 201
WITH mine AS (SELECT order_id, part FROM merchant_provider.orders, UNNEST(SPLIT(status, 'e')) AS part) SELECT DISTINCT w.order_id FROM mine JOIN ewallet_clean_room.wallet_orders AS w ON w.order_id = mine.order_id
