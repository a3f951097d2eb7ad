-- step: The rule
-- sentence: The rule of this view is an aggregation threshold: a group is shown if it has enough people, and these have -
-- {protected}.
-- look: The clause after SELECT, and the rule of the view in the list.
-- notes: BigQuery counts the people of each group by the column that the owner has named. A payment more does not help: one
-- person counts once.
-- shows: answer
-- as: merchant
SELECT WITH AGGREGATION_THRESHOLD
  COUNT(DISTINCT hashed_email) AS number_of_customers
FROM ewallet_clean_room.wallet_spend
