-- purpose: The defence: the same sum with noise.
SELECT WITH DIFFERENTIAL_PRIVACY
  OPTIONS (epsilon = 5, delta = 0.0001, max_groups_contributed = 1, privacy_unit_column = hashed_email)
  SUM(IF(hashed_email = @victim, transaction_amount, 0), contribution_bounds_per_group => (0, 500)) AS spend
FROM ewallet_clean_room.wallet_spend_private
