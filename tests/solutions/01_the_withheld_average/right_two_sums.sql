SELECT WITH AGGREGATION_THRESHOLD
  SUM(IF(account_tier = 'Business', transaction_amount, 0)) / COUNTIF(account_tier = 'Business') AS average
FROM ewallet_clean_room.wallet_spend
