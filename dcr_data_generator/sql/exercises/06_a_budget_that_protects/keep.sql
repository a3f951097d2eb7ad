-- purpose: The question that has to be answered all the same.
-- again: 2
-- as: merchant
SELECT WITH DIFFERENTIAL_PRIVACY
  account_tier,
  AVG(transaction_amount, contribution_bounds_per_group => (0, 500)) AS average_order_value
FROM ewallet_clean_room.wallet_spend_private
GROUP BY account_tier
