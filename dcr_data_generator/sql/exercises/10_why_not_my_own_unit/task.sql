-- exercise: Why not my own unit?
-- task: Why is this query refused? Submit the number of the reason.
-- kind: explain
-- options: The policy names another privacy unit. | COUNT is not allowed. | The threshold is too high. | The table is the wallet's.
-- right: 1
-- hint: Who or what is counted against the threshold, by the policy, and by the query?
-- because: The owner says whom the threshold counts. A query that counts payments would let one person with 50 payments pass.
-- source: [BigQuery, "Restrict data access using analysis
-- rules"](https://cloud.google.com/bigquery/docs/analysis-rules), privacy_unit_column.
-- as: merchant
SELECT WITH AGGREGATION_THRESHOLD OPTIONS (threshold = 50, privacy_unit_column = transaction_amount)
  account_tier,
  COUNT(*) AS payments
FROM ewallet_clean_room.wallet_spend
GROUP BY account_tier
