-- purpose: What is usual among customers who are alike in the merchant's own columns: one row per kind of customer.
-- as: merchant
SELECT WITH AGGREGATION_THRESHOLD OPTIONS (threshold = 50, privacy_unit_column = w.hashed_email)
  l.label,
  COUNT(DISTINCT IF(w.is_verified_user, w.hashed_email, NULL)) AS verified,
  COUNT(DISTINCT IF(w.account_tier = 'Free', w.hashed_email, NULL)) AS free,
  COUNT(DISTINCT IF(w.account_tier = 'Premium', w.hashed_email, NULL)) AS premium,
  COUNT(DISTINCT w.hashed_email) AS people
FROM merchant_provider.own_list AS l
JOIN ewallet_clean_room.wallet_customers AS w ON l.hashed_email = w.hashed_email
GROUP BY l.label
