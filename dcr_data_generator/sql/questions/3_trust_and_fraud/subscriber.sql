-- explanation: The merchant counts its customers by whether the provider has verified them.
-- as: merchant
SELECT WITH AGGREGATION_THRESHOLD OPTIONS (threshold = 50, privacy_unit_column = w.hashed_email)
  w.is_verified_user,
  COUNT(DISTINCT w.hashed_email) AS number_of_customers
FROM merchant_clean_room.customers AS c
JOIN ewallet_clean_room.wallet_customers AS w ON c.hashed_email = w.hashed_email
GROUP BY w.is_verified_user
ORDER BY w.is_verified_user DESC
