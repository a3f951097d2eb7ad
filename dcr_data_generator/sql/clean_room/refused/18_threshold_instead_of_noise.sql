-- attempt: Exact figures from the view that answers with noise.
-- as: merchant
-- because: clause
SELECT WITH AGGREGATION_THRESHOLD OPTIONS (threshold = 50, privacy_unit_column = hashed_email)
  account_tier,
  AVG(transaction_amount) AS average_order_value
FROM ewallet_clean_room.wallet_spend_private
GROUP BY account_tier
