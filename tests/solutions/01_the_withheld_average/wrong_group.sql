SELECT WITH AGGREGATION_THRESHOLD
  account_tier,
  AVG(IF(account_tier = 'Business', transaction_amount, NULL)) AS average
FROM ewallet_clean_room.wallet_spend
GROUP BY account_tier
