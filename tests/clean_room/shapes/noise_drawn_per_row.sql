-- verdict: refused
-- source: https://cloud.google.com/bigquery/docs/reference/standard-sql/subqueries
-- says: Privacy budget is not sufficient
SELECT o.order_id, (SELECT WITH DIFFERENTIAL_PRIVACY COUNT(*) + o.order_id * 0 FROM ewallet_clean_room.wallet_spend_private) AS n FROM merchant_provider.orders AS o
