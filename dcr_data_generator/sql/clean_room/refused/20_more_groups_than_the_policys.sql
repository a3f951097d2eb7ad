-- attempt: More groups per person than the policy allows.
-- as: merchant
-- because: noise
SELECT WITH DIFFERENTIAL_PRIVACY OPTIONS (max_groups_contributed = 10, privacy_unit_column = hashed_email)
  account_tier,
  AVG(transaction_amount) AS average_order_value
FROM ewallet_clean_room.wallet_spend_private
GROUP BY account_tier
