-- verdict: refused
-- source: https://cloud.google.com/bigquery/docs/analysis-rules
-- says: Joining must occur on all of the following columns [order_id] on table ewallet_clean_room.wallet_orders.
SELECT * FROM ewallet_clean_room.wallet_orders
