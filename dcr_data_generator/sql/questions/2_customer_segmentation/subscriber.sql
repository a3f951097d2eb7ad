-- explanation: The merchant asks for averages. Tiers with fewer people than the threshold are left out.
-- as: merchant
SELECT WITH AGGREGATION_THRESHOLD OPTIONS (threshold = 50, privacy_unit_column = w.hashed_email)
  w.account_tier,
  AVG(w.transaction_amount) AS average_order_value,
  COUNT(DISTINCT w.hashed_email) AS number_of_customers
FROM (SELECT DISTINCT hashed_email FROM merchant_provider.clean_room_keys) AS c
JOIN ewallet_clean_room.wallet_spend AS w ON c.hashed_email = w.hashed_email
GROUP BY w.account_tier
ORDER BY average_order_value DESC
