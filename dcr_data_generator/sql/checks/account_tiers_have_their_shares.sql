-- check: 8 % of the holders, and of the wallet-only users, are Business and 22 % Premium.
WITH
  tier_counts AS (
    SELECT
      EXISTS (SELECT 1 FROM merchant_provider.users AS u WHERE u.email = p.email) AS is_holder,
      COUNTIF(p.account_tier = 'Business') AS business,
      COUNTIF(p.account_tier = 'Premium') AS premium,
      COUNT(*) AS users
    FROM ewallet_provider.provider_users AS p
    GROUP BY is_holder
  )
SELECT
  is_holder,
  business,
  premium,
  users
FROM tier_counts
WHERE business != FLOOR(0.08 * users + 0.5)
  OR premium != FLOOR(0.22 * users + 0.5)
