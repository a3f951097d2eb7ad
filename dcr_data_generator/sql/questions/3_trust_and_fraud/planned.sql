-- purpose: How many people each group of the answer with noise has; their number is the answer.
-- view: ewallet_clean_room.wallet_customers_private
SELECT
  CASE p.is_verified_user WHEN TRUE THEN 'verified' WHEN FALSE THEN 'not verified' ELSE 'unknown' END AS name,
  COUNT(*) AS people,
  CAST(NULL AS FLOAT64) AS average
FROM ewallet_provider.provider_users AS p
WHERE p.email IN (SELECT email FROM merchant_provider.users)
GROUP BY name
