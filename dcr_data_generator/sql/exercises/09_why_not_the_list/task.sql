-- exercise: Why not the list?
-- task: Why is this query refused? Submit the number of the reason.
-- kind: explain
-- options: A list needs a privacy clause. | The provider may not ask. | A list is shown only where it is joined. | Too few rows.
-- right: 3
-- hint: Read the rule of the view.
-- because: A list overlap shows the rows that match what you have yourself, so it has to be joined with that.
-- source: [BigQuery, "Restrict data access using analysis
-- rules"](https://cloud.google.com/bigquery/docs/analysis-rules), list overlap.
-- as: provider
SELECT
  hashed_email,
  age,
  country
FROM merchant_clean_room.customers
