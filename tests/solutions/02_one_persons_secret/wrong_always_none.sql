SELECT WITH AGGREGATION_THRESHOLD
  COUNT(DISTINCT IF(w.hashed_email = 'nobody', w.hashed_email, NULL)) AS verified
FROM merchant_clean_room.customers AS c
JOIN ewallet_clean_room.wallet_customers AS w ON c.hashed_email = w.hashed_email
