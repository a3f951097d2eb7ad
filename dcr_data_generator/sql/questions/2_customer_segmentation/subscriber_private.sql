-- explanation: The merchant asks for the same averages, and gets all tiers, with noise. Bounds of 0 and 500 dollars
-- save the part of the budget that finding bounds would cost.
-- as: merchant
SELECT WITH DIFFERENTIAL_PRIVACY
  OPTIONS (epsilon = 1, delta = 0.0001, max_groups_contributed = 1, privacy_unit_column = hashed_email)
  account_tier,
  AVG(transaction_amount, contribution_bounds_per_group => (0, 500)) AS average_order_value
FROM ewallet_clean_room.wallet_spend_private
GROUP BY account_tier
ORDER BY average_order_value DESC
