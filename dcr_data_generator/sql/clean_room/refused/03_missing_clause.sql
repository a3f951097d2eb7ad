-- attempt: Groups without the clause, so that nobody counts the people in them.
-- as: merchant
-- because: clause
SELECT
  account_tier,
  AVG(transaction_amount) AS average_order_value
FROM ewallet_clean_room.wallet_spend
GROUP BY account_tier
