-- check: 8 % of the holders, and of the wallet-only users, are Business and 22 % Premium.
WITH
  wallets AS (
    SELECT
      p.account_tier,
      EXISTS (SELECT 1 FROM merchant_provider.users AS u WHERE u.email = p.email) AS is_holder
    FROM ewallet_provider.provider_users AS p
  ),
  tier_counts AS (
    SELECT
      is_holder,
      COUNTIF(account_tier = 'Business') AS business,
      COUNTIF(account_tier = 'Premium') AS premium,
      COUNT(*) AS users
    FROM wallets
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
