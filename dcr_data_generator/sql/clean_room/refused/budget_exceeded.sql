-- One question more than the budget pays for: answers are no longer given, whoever asks.
SELECT WITH DIFFERENTIAL_PRIVACY
  account_tier,
  AVG(transaction_amount) AS average_order_value
FROM ewallet_clean_room.wallet_spend_private
GROUP BY account_tier
