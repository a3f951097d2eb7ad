-- purpose: The defence: the same figures with noise.
-- as: merchant
SELECT WITH DIFFERENTIAL_PRIVACY
  OPTIONS (epsilon = 1, delta = 0.0001, max_groups_contributed = 1, privacy_unit_column = hashed_email)
  COUNT(*, contribution_bounds_per_group => (0, 1)) AS people,
  AVG(transaction_amount, contribution_bounds_per_group => (0, 500)) AS average_order_value
FROM ewallet_clean_room.wallet_spend_private
WHERE account_tier = 'Business'
