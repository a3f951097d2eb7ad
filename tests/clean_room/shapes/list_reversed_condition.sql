-- verdict: allowed
-- source: https://cloud.google.com/bigquery/docs/analysis-rules
SELECT COUNT(*) AS n FROM merchant_provider.orders AS o JOIN ewallet_clean_room.wallet_orders AS w ON w.order_id = o.order_id
