-- attempt: Less noise than the policy allows.
-- as: merchant
-- because: noise
SELECT WITH DIFFERENTIAL_PRIVACY OPTIONS (epsilon = 1e20, privacy_unit_column = hashed_email)
  account_tier,
  AVG(transaction_amount) AS average_order_value
FROM ewallet_clean_room.wallet_spend_private
GROUP BY account_tier
