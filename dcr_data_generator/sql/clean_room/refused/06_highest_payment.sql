-- attempt: An aggregate that is one person's value: the highest payment.
-- as: merchant
-- because: function
SELECT WITH AGGREGATION_THRESHOLD OPTIONS (threshold = 50, privacy_unit_column = hashed_email)
  account_tier,
  MAX(transaction_amount) AS highest_payment
FROM ewallet_clean_room.wallet_spend
GROUP BY account_tier
