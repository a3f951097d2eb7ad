-- purpose: How many payments are above a value.
-- as: merchant
SELECT WITH AGGREGATION_THRESHOLD OPTIONS (threshold = 50, privacy_unit_column = hashed_email)
  COUNTIF(transaction_amount > SAFE_CAST(@victim AS FLOAT64)) AS payments
FROM ewallet_clean_room.wallet_spend
