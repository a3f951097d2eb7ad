-- exercise: An honest count
-- task: How many of the shop's customers has the wallet verified? Get it as the rules want it, as one row with one column.
-- kind: get
-- hint: The view has to be joined on hashed_email with what you have yourself.
-- because: The join keeps only people whom both know, and the group is large enough to be shown.
-- source: [BigQuery, "Restrict data access using analysis
-- rules"](https://cloud.google.com/bigquery/docs/analysis-rules), join restrictions.
-- as: merchant
SELECT WITH AGGREGATION_THRESHOLD
  COUNT(DISTINCT hashed_email) AS verified
FROM ewallet_clean_room.wallet_customers
WHERE is_verified_user
