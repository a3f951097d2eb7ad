SELECT WITH AGGREGATION_THRESHOLD
  AVG(IF(hashed_email = @victim, transaction_amount, NULL)) AS spend
FROM ewallet_clean_room.wallet_spend
