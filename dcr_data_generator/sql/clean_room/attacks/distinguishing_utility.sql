-- purpose: The averages of the second use case, with the noise of the policy's epsilon.
-- as: merchant
SELECT WITH DIFFERENTIAL_PRIVACY
  OPTIONS (delta = 0.0001, max_groups_contributed = 1, privacy_unit_column = hashed_email)
  account_tier,
  AVG(transaction_amount, contribution_bounds_per_group => (0, 500)) AS average_order_value
FROM ewallet_clean_room.wallet_spend_private
GROUP BY account_tier
