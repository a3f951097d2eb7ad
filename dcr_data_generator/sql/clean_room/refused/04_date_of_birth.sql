-- attempt: A column that is not shared.
-- as: merchant
SELECT WITH AGGREGATION_THRESHOLD OPTIONS (threshold = 50, privacy_unit_column = hashed_email)
  date_of_birth,
  COUNT(*) AS number_of_customers
FROM ewallet_clean_room.wallet_customers
GROUP BY date_of_birth
