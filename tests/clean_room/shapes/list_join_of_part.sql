-- verdict: allowed
-- source: https://cloud.google.com/bigquery/docs/analysis-rules
-- withheld: nothing is said
SELECT o.order_id FROM (SELECT order_id FROM merchant_provider.orders WHERE status = 'Shipped') AS o JOIN ewallet_clean_room.wallet_orders AS w ON o.order_id = w.order_id
