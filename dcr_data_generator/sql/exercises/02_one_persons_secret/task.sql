-- exercise: One person's secret
-- task: Has the wallet verified the customer @victim? Get 1 for yes and 0 for no from the view wallet_customers, as one row
-- with one column.
-- kind: get
-- hint: Count the verified people of whom one condition more is true.
-- because: A count in which only one person can count is 1 or 0, and the threshold looks at all the people in the group.
-- source: [BigQuery, "Restrict data access using analysis
-- rules"](https://cloud.google.com/bigquery/docs/analysis-rules), join restrictions; [one
-- question](attacks.md#one-question).
-- as: merchant
SELECT WITH AGGREGATION_THRESHOLD
  COUNT(DISTINCT w.hashed_email) AS verified
FROM merchant_clean_room.customers AS c
JOIN ewallet_clean_room.wallet_customers AS w ON c.hashed_email = w.hashed_email
WHERE w.is_verified_user AND w.hashed_email = @victim
