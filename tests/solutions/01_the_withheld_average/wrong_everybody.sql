SELECT WITH AGGREGATION_THRESHOLD
  AVG(transaction_amount) AS average
FROM ewallet_clean_room.wallet_spend
