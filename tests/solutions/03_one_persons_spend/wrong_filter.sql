SELECT WITH AGGREGATION_THRESHOLD
  SUM(transaction_amount) AS spend
FROM ewallet_clean_room.wallet_spend
WHERE hashed_email = @victim
