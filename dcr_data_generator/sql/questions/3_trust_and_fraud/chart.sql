-- purpose: How many customers the provider has verified and how many not, and how many of their orders are Cancelled
-- or Returned. A customer whom an email matches has the orders of all their user records.
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
FROM ewallet_provider.provider_users AS p
JOIN merchant_provider.users AS u ON LOWER(TRIM(p.email, ' \t\r\n')) = LOWER(TRIM(u.email, ' \t\r\n'))
JOIN merchant_provider.orders AS o ON u.id = o.user_id
WHERE p.email IN (SELECT email FROM merchant_provider.users)
GROUP BY verification
ORDER BY verification DESC
