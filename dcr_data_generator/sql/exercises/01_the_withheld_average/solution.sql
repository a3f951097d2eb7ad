-- purpose: A right solution; where the data have none, the exercise is left out.
SELECT WITH AGGREGATION_THRESHOLD
  AVG(IF(account_tier = 'Business', transaction_amount, NULL)) AS average
FROM ewallet_clean_room.wallet_spend
