-- exercise: A join too many
-- task: This list may be joined on amounts, too, so anybody can try amounts out. Give the view a policy under which this query
-- is refused, and question 1 still answers.
-- kind: protect
-- view: ewallet_clean_room.wallet_orders
-- start: {"join_restriction_policy": {"join_condition": "JOIN_ANY", "join_allowed_columns": ["order_id", "transaction_amount"]}}
-- hint: JOIN_ANY asks for one of the columns, JOIN_ALL for all of them. Which column do both parties have anyway?
-- because: Only orders that the shop has, too, match on order_id, and nothing can be tried out.
-- source: [BigQuery, "Restrict data access using analysis
-- rules"](https://cloud.google.com/bigquery/docs/analysis-rules), list overlap and join_condition.
-- as: merchant
SELECT
  w.order_id,
  w.transaction_id
FROM (SELECT DISTINCT sale_price FROM merchant_provider.order_items) AS i
JOIN ewallet_clean_room.wallet_orders AS w ON i.sale_price = w.transaction_amount
