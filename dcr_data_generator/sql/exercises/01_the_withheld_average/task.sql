-- exercise: The withheld average
-- task: What do Business users spend per payment, on average and without noise? The group is withheld; get its figure from
-- the view wallet_spend all the same, as one row with one column.
-- kind: get
-- hint: The threshold counts the people of a group. What counts in a figure is another matter; put the condition there.
-- because: The group is everybody, so it is large enough, and the condition inside the aggregate lets only Business users count.
-- source: [BigQuery, "Restrict data access using analysis
-- rules"](https://cloud.google.com/bigquery/docs/analysis-rules), aggregation threshold; [one
-- question](attacks.md#one-question).
-- as: merchant
SELECT WITH AGGREGATION_THRESHOLD
  AVG(transaction_amount) AS average_order_value
FROM ewallet_clean_room.wallet_spend
WHERE account_tier = 'Business'
