-- question: How many of our customers has this provider verified?
-- asks: The merchant asks.
-- key: email.
SELECT
  p.is_verified_user,
  COUNT(DISTINCT p.provider_user_id) AS number_of_customers
FROM merchant_provider.users AS u
JOIN ewallet_provider.provider_users AS p ON u.email = p.email
GROUP BY p.is_verified_user
ORDER BY p.is_verified_user DESC
