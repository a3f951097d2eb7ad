-- check: 94 % of adult holders are verified, 55 % of those with refunds, 85 % of others.
WITH
  customers AS (
    SELECT
      LOWER(TRIM(u.email, ' \t\r\n')) AS person,
      LOGICAL_OR(LOWER(o.status) IN ('cancelled', 'returned')) AS had_refund
    FROM merchant_provider.users AS u
    LEFT JOIN merchant_provider.orders AS o ON u.id = o.user_id
    GROUP BY person
  ),
  adults AS (
    SELECT
      p.is_verified_user,
      CASE
        WHEN c.person IS NULL THEN 0.85
        WHEN c.had_refund THEN 0.55
        ELSE 0.94
      END AS verified_share
    FROM ewallet_provider.provider_users AS p
    LEFT JOIN customers AS c ON LOWER(TRIM(p.email, ' \t\r\n')) = c.person
    WHERE CAST(FORMAT_DATE('%Y%m%d', @target_date) AS INT64) - CAST(FORMAT_DATE('%Y%m%d', p.date_of_birth) AS INT64) >= 180000
  )
SELECT
  verified_share,
  COUNTIF(is_verified_user) AS verified,
  FLOOR(verified_share * COUNT(*) + 0.5) AS expected_verified,
  COUNT(*) AS adults
FROM adults
GROUP BY verified_share
HAVING COUNTIF(is_verified_user) != FLOOR(verified_share * COUNT(*) + 0.5)
