-- verdict: allowed
-- source: https://cloud.google.com/bigquery/docs/reference/standard-sql/query-syntax#dp_clause
-- columns: account_tier, average
SELECT WITH DIFFERENTIAL_PRIVACY OPTIONS (epsilon = 0.5, delta = 0.0001, max_groups_contributed = 1, privacy_unit_column = hashed_email) account_tier, AVG(transaction_amount, contribution_bounds_per_group => (0, 100)) AS average FROM ewallet_clean_room.wallet_spend_private GROUP BY account_tier
