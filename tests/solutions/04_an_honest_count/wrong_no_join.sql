SELECT WITH AGGREGATION_THRESHOLD
  COUNT(DISTINCT hashed_email) AS verified
FROM ewallet_clean_room.wallet_customers
WHERE is_verified_user
