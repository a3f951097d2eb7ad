SELECT WITH DIFFERENTIAL_PRIVACY
  AVG(transaction_amount, contribution_bounds_per_group => (0, 500)) AS average
FROM ewallet_clean_room.wallet_spend_private
WHERE account_tier = 'Business'
