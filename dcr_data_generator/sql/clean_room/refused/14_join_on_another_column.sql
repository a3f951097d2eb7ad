-- attempt: A join on a column that is not allowed.
-- as: merchant
-- because: join-required
SELECT WITH AGGREGATION_THRESHOLD OPTIONS (threshold = 50, privacy_unit_column = w.hashed_email)
  s.account_tier,
  COUNT(DISTINCT w.hashed_email) AS number_of_customers
FROM ewallet_clean_room.wallet_customers AS w
JOIN (SELECT 'Business' AS account_tier) AS s ON w.account_tier = s.account_tier
GROUP BY s.account_tier
