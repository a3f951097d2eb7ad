-- purpose: How many customers the provider has verified and how many not, and how many of their orders are Cancelled
-- or Returned.
SELECT
  CASE
    WHEN p.is_verified_user THEN 'verified'
    WHEN NOT p.is_verified_user THEN 'unverified'
    ELSE 'unknown'
  END AS verification,
  COUNT(DISTINCT p.provider_user_id) AS customers,
  COUNT(*) AS orders,
  COUNTIF(LOWER(o.status) IN ('cancelled', 'returned')) AS refunds,
  COUNTIF(LOWER(o.status) IN ('cancelled', 'returned')) / COUNT(*) AS refund_rate
FROM merchant_provider.users AS u
JOIN ewallet_provider.provider_users AS p ON u.email = p.email
JOIN merchant_provider.orders AS o ON u.id = o.user_id
GROUP BY verification
ORDER BY verification DESC
