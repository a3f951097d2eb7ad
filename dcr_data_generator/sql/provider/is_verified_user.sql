-- purpose: Exact shares of three groups; `is_verified_user` in synthesis.py. Minors and holders of unknown age are a
-- fourth group, of which nobody is verified.
CREATE OR REPLACE TABLE ewallet_working.is_verified_user AS
WITH
  refunded AS (
    SELECT DISTINCT provider_user_id
    FROM ewallet_working.orders
    WHERE LOWER(status) IN ('cancelled', 'returned')
  ),
  people AS (
    SELECT
      p.provider_user_id,
      p.verified_draw,
      ewallet_working.bucket(p.verified_draw) AS bucket,
      CASE
        WHEN p.is_wallet_only THEN 'wallet-only'
        WHEN p.age >= 18 AND r.provider_user_id IS NULL THEN 'without a refund'
        WHEN p.age >= 18 THEN 'with a refund'
        ELSE 'minor'
      END AS user_group
    FROM ewallet_working.people AS p
    LEFT JOIN refunded AS r ON p.provider_user_id = r.provider_user_id
  ),
  buckets AS (
    SELECT
      user_group,
      bucket,
      SUM(COUNT(*)) OVER (PARTITION BY user_group ORDER BY bucket) - COUNT(*) AS users_before,
      SUM(COUNT(*)) OVER (PARTITION BY user_group) AS users
    FROM people
    GROUP BY user_group, bucket
  )
SELECT
  p.provider_user_id,
  b.users_before + ROW_NUMBER() OVER (PARTITION BY p.user_group, p.bucket ORDER BY p.verified_draw)
  <= FLOOR(
    CASE p.user_group
      WHEN 'wallet-only' THEN 0.85
      WHEN 'without a refund' THEN 0.94
      WHEN 'with a refund' THEN 0.55
      ELSE 0
    END * b.users + 0.5
  ) AS is_verified_user
FROM people AS p
JOIN buckets AS b ON p.user_group = b.user_group AND p.bucket = b.bucket
