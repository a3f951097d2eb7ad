SELECT WITH AGGREGATION_THRESHOLD
  hashed_email,
  SUM(transaction_amount) AS spend
FROM ewallet_clean_room.wallet_spend
GROUP BY hashed_email
