-- attempt: The people themselves, by their hashed emails.
-- as: merchant
-- because: privacy-unit
SELECT WITH AGGREGATION_THRESHOLD OPTIONS (threshold = 50, privacy_unit_column = hashed_email)
  hashed_email,
  AVG(transaction_amount) AS average_order_value
FROM ewallet_clean_room.wallet_spend
GROUP BY hashed_email
