-- verdict: refused
-- source: https://cloud.google.com/bigquery/docs/access-control
-- says: Access Denied
SELECT order_id FROM merchant_provider.orders INTERSECT DISTINCT SELECT order_id FROM ewallet_provider.transactions
