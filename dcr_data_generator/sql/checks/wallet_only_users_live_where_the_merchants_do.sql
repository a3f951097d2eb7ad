-- check: Wallet-only users are spread over the cities like the merchant's users.
WITH
  merchant_cities AS (
    SELECT
      city,
      COUNT(*) / SUM(COUNT(*)) OVER () AS share
    FROM merchant_provider.users
    WHERE city IS NOT NULL
    GROUP BY city
  ),
  wallet_only_cities AS (
    SELECT
      city,
      COUNT(*) AS users
    FROM ewallet_provider.provider_users AS p
    WHERE NOT EXISTS (SELECT 1 FROM merchant_provider.users AS u WHERE u.email = p.email)
    GROUP BY city
  ),
  expectations AS (
    SELECT
      m.city,
      COALESCE(w.users, 0) AS users,
      m.share * (SELECT SUM(users) FROM wallet_only_cities) AS expected_users
    FROM merchant_cities AS m
    LEFT JOIN wallet_only_cities AS w ON m.city = w.city
  )
SELECT
  city,
  users,
  expected_users
FROM expectations
-- Ten standard deviations, and ten users: chance alone does not get there.
WHERE ABS(users - expected_users) > 10 * (1 + SQRT(expected_users))
