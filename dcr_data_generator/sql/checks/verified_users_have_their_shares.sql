-- check: 94 % of adult holders are verified, 55 % of those with refunds, 85 % of others.
WITH
  adults AS (
    SELECT
      p.provider_user_id,
      p.is_verified_user,
      CASE
        WHEN COUNT(u.id) = 0 THEN 0.85
        WHEN LOGICAL_OR(o.user_id IS NOT NULL) THEN 0.55
        ELSE 0.94
      END AS verified_share
    FROM ewallet_provider.provider_users AS p
    LEFT JOIN merchant_provider.users AS u ON LOWER(TRIM(p.email, ' \t\r\n')) = LOWER(TRIM(u.email, ' \t\r\n'))
    LEFT JOIN merchant_provider.orders AS o ON u.id = o.user_id AND LOWER(o.status) IN ('cancelled', 'returned')
    WHERE p.date_of_birth <= DATE_SUB(@target_date, INTERVAL 18 YEAR)
    GROUP BY p.provider_user_id, p.is_verified_user
  )
SELECT
  verified_share,
  COUNTIF(is_verified_user) AS verified,
  FLOOR(verified_share * COUNT(*) + 0.5) AS expected_verified,
  COUNT(*) AS adults
FROM adults
GROUP BY verified_share
HAVING COUNTIF(is_verified_user) != FLOOR(verified_share * COUNT(*) + 0.5)
