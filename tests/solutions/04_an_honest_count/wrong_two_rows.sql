SELECT WITH AGGREGATION_THRESHOLD
  w.is_verified_user,
  COUNT(DISTINCT w.hashed_email) AS verified
FROM merchant_clean_room.customers AS c
JOIN ewallet_clean_room.wallet_customers AS w ON c.hashed_email = w.hashed_email
GROUP BY w.is_verified_user
