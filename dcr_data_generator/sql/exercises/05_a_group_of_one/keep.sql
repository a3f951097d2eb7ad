-- purpose: The question that has to be answered all the same.
-- as: merchant
SELECT WITH AGGREGATION_THRESHOLD
  account_tier,
  AVG(transaction_amount) AS average_order_value
FROM ewallet_clean_room.wallet_spend
GROUP BY account_tier
