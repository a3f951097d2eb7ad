-- attempt: One question more than the budget pays for.
SELECT WITH DIFFERENTIAL_PRIVACY
  account_tier,
  AVG(transaction_amount) AS average_order_value
FROM ewallet_clean_room.wallet_spend_private
GROUP BY account_tier
