-- verdict: allowed
-- source: https://cloud.google.com/bigquery/docs/reference/standard-sql/aggregate-dp-functions
-- columns: total
SELECT WITH DIFFERENTIAL_PRIVACY OPTIONS (epsilon = 1) SUM(transaction_amount, contribution_bounds_per_group => (0, 100)) AS total FROM ewallet_clean_room.wallet_spend_private
