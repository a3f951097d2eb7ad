SELECT WITH AGGREGATION_THRESHOLD
  AVG(10.0) AS average
FROM ewallet_clean_room.wallet_spend
