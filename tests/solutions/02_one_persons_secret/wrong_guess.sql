SELECT WITH AGGREGATION_THRESHOLD
  MIN(1) AS verified
FROM merchant_clean_room.customers AS c
JOIN ewallet_clean_room.wallet_customers AS w ON c.hashed_email = w.hashed_email
