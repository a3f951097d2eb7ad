SELECT WITH AGGREGATION_THRESHOLD
  AVG(10.0) AS spend
FROM ewallet_clean_room.wallet_spend
