-- purpose: Exact shares of the holders, and of the wallet-only users, by their ranks; `account_tier` in synthesis.py.
CREATE OR REPLACE TABLE ewallet_working.account_tier AS
WITH
  buckets AS (
    SELECT
      is_wallet_only,
      bucket,
      SUM(COUNT(*)) OVER (PARTITION BY is_wallet_only ORDER BY bucket) - COUNT(*) AS users_before,
      SUM(COUNT(*)) OVER (PARTITION BY is_wallet_only) AS users
    FROM ewallet_working.ranks
    GROUP BY is_wallet_only, bucket
  ),
  places AS (
    SELECT
      r.provider_user_id,
      b.users,
      b.users_before
      + ROW_NUMBER() OVER (PARTITION BY r.is_wallet_only, r.bucket ORDER BY r.score_rank, r.draw_rank) AS place
    FROM ewallet_working.ranks AS r
    JOIN buckets AS b ON r.is_wallet_only = b.is_wallet_only AND r.bucket = b.bucket
  )
SELECT
  provider_user_id,
  CASE
    WHEN place <= FLOOR(0.08 * users + 0.5) THEN 'Business'
    WHEN place <= FLOOR(0.08 * users + 0.5) + FLOOR(0.22 * users + 0.5) THEN 'Premium'
    ELSE 'Free'
  END AS account_tier
FROM places
