-- check: Wallet-only users are spread over the cities like the merchant's users.
WITH
  customers AS (
    SELECT DISTINCT LOWER(TRIM(email, ' \t\r\n')) AS person
    FROM merchant_provider.users
  ),
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
      p.city,
      COUNT(*) AS users
    FROM ewallet_provider.provider_users AS p
    LEFT JOIN customers AS c ON LOWER(TRIM(p.email, ' \t\r\n')) = c.person
    WHERE c.person IS NULL
    GROUP BY p.city
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
