-- purpose: The orders of verified and of unverified customers, and how many of them are Cancelled or Returned. A
-- customer whom an email matches has all orders of their user records, also of those that spell the email otherwise.
SELECT
  COUNT(DISTINCT p.provider_user_id) AS customers,
  COUNT(DISTINCT IF(p.is_verified_user, p.provider_user_id, NULL)) AS verified_customers,
  COUNTIF(p.is_verified_user) AS verified_orders,
  COUNTIF(p.is_verified_user AND LOWER(o.status) IN ('cancelled', 'returned')) AS verified_refunds,
  COUNTIF(NOT p.is_verified_user) AS unverified_orders,
  COUNTIF(NOT p.is_verified_user AND LOWER(o.status) IN ('cancelled', 'returned')) AS unverified_refunds
FROM ewallet_provider.provider_users AS p
JOIN merchant_provider.users AS u ON LOWER(TRIM(p.email, ' \t\r\n')) = LOWER(TRIM(u.email, ' \t\r\n'))
JOIN merchant_provider.orders AS o ON u.id = o.user_id
WHERE p.email IN (SELECT email FROM merchant_provider.users)
