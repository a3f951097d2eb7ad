-- verdict: allowed
-- source: https://cloud.google.com/bigquery/docs/reference/standard-sql/aggregate-function-calls
-- rows: 2
SELECT o.gender, AVG(w.transaction_amount WHERE o.status = 'Complete') AS completed FROM merchant_provider.orders AS o JOIN ewallet_clean_room.wallet_orders AS w ON o.order_id = w.order_id GROUP BY o.gender
