-- exercise: A group of one
-- task: Somebody has set a threshold of 1. Give the view a policy under which this query about @victim gets nothing, and
-- question 2 still answers at least one group. Submit the privacy_policy, or the CREATE VIEW with it.
-- kind: protect
-- view: ewallet_clean_room.wallet_spend
-- start: {"aggregation_threshold_policy": {"threshold": 1, "privacy_unit_column": "hashed_email"}}
-- hint: A threshold above the largest group answers nobody, and one that counts payments is passed by a person who has many.
-- because: The threshold counts people, and a person alone is too few, while the large groups are enough.
-- source: [BigQuery, "Restrict data access using analysis
-- rules"](https://cloud.google.com/bigquery/docs/analysis-rules), aggregation threshold; [DDL,
-- privacy_policy](https://cloud.google.com/bigquery/docs/reference/standard-sql/data-definition-language).
-- as: merchant
SELECT WITH AGGREGATION_THRESHOLD
  SUM(transaction_amount) AS spend
FROM ewallet_clean_room.wallet_spend
WHERE hashed_email = @victim
