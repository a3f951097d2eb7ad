-- purpose: The orders of verified and of unverified customers, and how many of them are Cancelled or Returned.
SELECT
  COUNT(DISTINCT p.provider_user_id) AS customers,
  COUNT(DISTINCT IF(p.is_verified_user, p.provider_user_id, NULL)) AS verified_customers,
  COUNTIF(p.is_verified_user) AS verified_orders,
  COUNTIF(p.is_verified_user AND LOWER(o.status) IN ('cancelled', 'returned')) AS verified_refunds,
  COUNTIF(NOT p.is_verified_user) AS unverified_orders,
  COUNTIF(NOT p.is_verified_user AND LOWER(o.status) IN ('cancelled', 'returned')) AS unverified_refunds
FROM merchant_provider.users AS u
JOIN ewallet_provider.provider_users AS p ON u.email = p.email
JOIN merchant_provider.orders AS o ON u.id = o.user_id
