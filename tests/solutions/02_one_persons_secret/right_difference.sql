SELECT WITH AGGREGATION_THRESHOLD
  COUNT(DISTINCT IF(w.is_verified_user, w.hashed_email, NULL))
    - COUNT(DISTINCT IF(w.is_verified_user AND w.hashed_email != @victim, w.hashed_email, NULL)) AS verified
FROM (SELECT DISTINCT hashed_email FROM merchant_provider.clean_room_keys) AS c
JOIN ewallet_clean_room.wallet_customers AS w ON c.hashed_email = w.hashed_email
