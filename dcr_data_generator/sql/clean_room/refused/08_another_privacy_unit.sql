-- attempt: Counting payments instead of people: one person with 50 payments would be enough.
-- as: merchant
-- because: privacy-unit
SELECT WITH AGGREGATION_THRESHOLD OPTIONS (threshold = 50, privacy_unit_column = transaction_amount)
  account_tier,
  COUNT(*) AS payments
FROM ewallet_clean_room.wallet_spend
GROUP BY account_tier
