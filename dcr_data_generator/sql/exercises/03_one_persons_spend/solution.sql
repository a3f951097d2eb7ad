-- purpose: A right solution; where the data have none, the exercise is left out.
SELECT WITH AGGREGATION_THRESHOLD
  SUM(IF(hashed_email = @victim, transaction_amount, 0)) AS spend
FROM ewallet_clean_room.wallet_spend
