-- exercise: Why not the highest?
-- task: Why is this query refused? Submit the number of the reason.
-- kind: explain
-- options: Too few people are in a group. | MAX returns one person's value. | The budget is spent. | The view is not joined.
-- right: 2
-- hint: What would the answer be for the person who paid most?
-- because: The highest payment is a value of one person, however many people are in the group.
-- source: [BigQuery, "Restrict data access using analysis
-- rules"](https://cloud.google.com/bigquery/docs/analysis-rules), aggregate functions that are allowed.
-- as: merchant
SELECT WITH AGGREGATION_THRESHOLD
  account_tier,
  MAX(transaction_amount) AS highest_payment
FROM ewallet_clean_room.wallet_spend
GROUP BY account_tier
