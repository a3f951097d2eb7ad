-- attempt: A threshold below the policy's: groups of 10 people.
-- as: merchant
-- because: threshold
SELECT WITH AGGREGATION_THRESHOLD OPTIONS (threshold = 10, privacy_unit_column = hashed_email)
  account_tier,
  AVG(transaction_amount) AS average_order_value
FROM ewallet_clean_room.wallet_spend
GROUP BY account_tier
