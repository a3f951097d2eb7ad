-- purpose: A right solution; where the data have none, the exercise is left out.
SELECT WITH AGGREGATION_THRESHOLD
  COUNT(DISTINCT IF(w.is_verified_user AND w.hashed_email = @victim, w.hashed_email, NULL)) AS verified
FROM merchant_clean_room.customers AS c
JOIN ewallet_clean_room.wallet_customers AS w ON c.hashed_email = w.hashed_email
