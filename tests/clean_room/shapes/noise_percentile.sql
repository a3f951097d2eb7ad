-- verdict: error
-- source: https://cloud.google.com/bigquery/docs/reference/standard-sql/aggregate-dp-functions
-- says: cannot be evaluated here
SELECT WITH DIFFERENTIAL_PRIVACY PERCENTILE_CONT(transaction_amount, 0.5, contribution_bounds_per_row => (0, 100)) AS median FROM ewallet_clean_room.wallet_spend_private
