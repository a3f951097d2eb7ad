-- purpose: The provider's users: the columns of synthesis.py, each made in a part of its own.
CREATE OR REPLACE TABLE ewallet_provider.provider_users (
  provider_user_id INT64 NOT NULL,
  email STRING NOT NULL,
  date_of_birth DATE,
  city STRING,
  account_tier STRING,
  is_verified_user BOOL
) AS
WITH
  -- city: each value has as many places as it occurs, and a draw picks a place. Places are joined page by page.
  city_places AS (
    SELECT
      city,
      CAST(SUM(COUNT(*)) OVER (ORDER BY city) - COUNT(*) AS INT64) AS first_place,
      CAST(SUM(COUNT(*)) OVER (ORDER BY city) - 1 AS INT64) AS last_place,
      CAST(SUM(COUNT(*)) OVER () AS INT64) AS all_places,
      CAST(CEIL(SUM(COUNT(*)) OVER () / 4096) AS INT64) AS page_size
    FROM merchant_provider.users
    WHERE city IS NOT NULL
    GROUP BY city
  ),
  city_pages AS (
    SELECT
      c.city,
      c.first_place,
      c.last_place,
      page
    FROM city_places AS c
    CROSS JOIN UNNEST(GENERATE_ARRAY(DIV(c.first_place, c.page_size), DIV(c.last_place, c.page_size))) AS page
  ),
  city_draws AS (
    SELECT
      p.provider_user_id,
      MOD((p.city_draw & 0x7FFFFFFFFFFFFFFF), c.all_places) AS place,
      DIV(MOD((p.city_draw & 0x7FFFFFFFFFFFFFFF), c.all_places), c.page_size) AS page
    FROM ewallet_working.people AS p
    CROSS JOIN (SELECT DISTINCT all_places, page_size FROM city_places) AS c
    WHERE p.is_wallet_only
  ),
  cities AS (
    SELECT
      d.provider_user_id,
      c.city
    FROM city_draws AS d
    JOIN city_pages AS c ON d.page = c.page AND d.place BETWEEN c.first_place AND c.last_place
  ),
  -- date_of_birth: wallet-only users are as old as the adult holders; without any, 18 to 70.
  adult_ages AS (
    SELECT age
    FROM ewallet_working.people
    WHERE age >= 18
    UNION ALL
    SELECT age
    FROM UNNEST(GENERATE_ARRAY(18, 70)) AS age
    WHERE NOT EXISTS (SELECT 1 FROM ewallet_working.people WHERE age >= 18)
  ),
  age_places AS (
    SELECT
      age,
      CAST(SUM(COUNT(*)) OVER (ORDER BY age) - COUNT(*) AS INT64) AS first_place,
      CAST(SUM(COUNT(*)) OVER (ORDER BY age) - 1 AS INT64) AS last_place,
      CAST(SUM(COUNT(*)) OVER () AS INT64) AS all_places,
      CAST(CEIL(SUM(COUNT(*)) OVER () / 4096) AS INT64) AS page_size
    FROM adult_ages
    GROUP BY age
  ),
  age_pages AS (
    SELECT
      a.age,
      a.first_place,
      a.last_place,
      page
    FROM age_places AS a
    CROSS JOIN UNNEST(GENERATE_ARRAY(DIV(a.first_place, a.page_size), DIV(a.last_place, a.page_size))) AS page
  ),
  age_draws AS (
    SELECT
      p.provider_user_id,
      MOD((p.age_draw & 0x7FFFFFFFFFFFFFFF), a.all_places) AS place,
      DIV(MOD((p.age_draw & 0x7FFFFFFFFFFFFFFF), a.all_places), a.page_size) AS page
    FROM ewallet_working.people AS p
    CROSS JOIN (SELECT DISTINCT all_places, page_size FROM age_places) AS a
    WHERE p.is_wallet_only
  ),
  ages AS (
    SELECT
      d.provider_user_id,
      a.age
    FROM age_draws AS d
    JOIN age_pages AS a ON d.page = a.page AND d.place BETWEEN a.first_place AND a.last_place
    UNION ALL
    SELECT
      provider_user_id,
      age
    FROM ewallet_working.people
    WHERE NOT is_wallet_only
      AND age IS NOT NULL
  ),
  -- account_tier: the average order of each holder, and its place among them, times two; equal averages share a place.
  average_orders AS (
    SELECT
      provider_user_id,
      CAST(FLOOR(SUM(cents) / COUNT(cents)) AS INT64) AS average_order
    FROM ewallet_working.orders
    WHERE cents IS NOT NULL
    GROUP BY provider_user_id
  ),
  spending AS (
    SELECT
      p.provider_user_id,
      p.tier_draw,
      a.average_order IS NOT NULL AS has_average,
      COALESCE(a.average_order, 0) AS average_order
    FROM ewallet_working.people AS p
    LEFT JOIN average_orders AS a ON p.provider_user_id = a.provider_user_id
    WHERE NOT p.is_wallet_only
  ),
  spending_places AS (
    SELECT
      has_average,
      average_order,
      CAST(2 * SUM(COUNT(*)) OVER (ORDER BY has_average, average_order) - COUNT(*) + 1 AS INT64) AS twice_the_place,
      CAST(SUM(COUNT(*)) OVER () AS INT64) AS holders
    FROM spending
    GROUP BY has_average, average_order
  ),
  -- 0.6 times the percentile and 0.4 times the draw, all times five, twice the number of holders, and 2^24.
  scores AS (
    SELECT
      s.provider_user_id,
      s.tier_draw,
      3 * p.twice_the_place * 16777216 + 4 * p.holders * ((s.tier_draw >> 39) & 0xFFFFFF) AS score,
      p.holders * 40960 AS bucket_size
    FROM spending AS s
    JOIN spending_places AS p ON s.has_average = p.has_average AND s.average_order = p.average_order
  ),
  score_buckets AS (
    SELECT
      bucket,
      SUM(COUNT(*)) OVER (ORDER BY bucket DESC) - COUNT(*) AS holders_before
    FROM (
      SELECT DIV(score, bucket_size) AS bucket
      FROM scores
    )
    GROUP BY bucket
  ),
  tier_buckets AS (
    SELECT
      bucket,
      SUM(COUNT(*)) OVER (ORDER BY bucket) - COUNT(*) AS users_before
    FROM (
      SELECT DIV(tier_draw, 4503599627370496) AS bucket
      FROM ewallet_working.people
      WHERE is_wallet_only
    )
    GROUP BY bucket
  ),
  tier_places AS (
    SELECT
      s.provider_user_id,
      FALSE AS is_wallet_only,
      b.holders_before
      + ROW_NUMBER() OVER (PARTITION BY b.bucket ORDER BY s.score DESC, s.tier_draw DESC) AS place
    FROM scores AS s
    JOIN score_buckets AS b ON DIV(s.score, s.bucket_size) = b.bucket
    UNION ALL
    SELECT
      p.provider_user_id,
      TRUE AS is_wallet_only,
      b.users_before + ROW_NUMBER() OVER (PARTITION BY b.bucket ORDER BY p.tier_draw) AS place
    FROM ewallet_working.people AS p
    JOIN tier_buckets AS b ON DIV(p.tier_draw, 4503599627370496) = b.bucket
    WHERE p.is_wallet_only
  ),
  tier_sizes AS (
    SELECT
      is_wallet_only,
      CAST(FLOOR(0.08 * COUNT(*) + 0.5) AS INT64) AS business,
      CAST(FLOOR(0.22 * COUNT(*) + 0.5) AS INT64) AS premium
    FROM ewallet_working.people
    GROUP BY is_wallet_only
  ),
  tiers AS (
    SELECT
      p.provider_user_id,
      CASE
        WHEN p.place <= s.business THEN 'Business'
        WHEN p.place <= s.business + s.premium THEN 'Premium'
        ELSE 'Free'
      END AS account_tier
    FROM tier_places AS p
    JOIN tier_sizes AS s ON p.is_wallet_only = s.is_wallet_only
  ),
  -- is_verified_user: exact shares of three groups; minors and holders of unknown age are in none.
  refunded AS (
    SELECT DISTINCT provider_user_id
    FROM ewallet_working.orders
    WHERE LOWER(status) IN ('cancelled', 'returned')
  ),
  verification AS (
    SELECT
      p.provider_user_id,
      p.verified_draw,
      DIV(p.verified_draw, 4503599627370496) AS bucket,
      CASE
        WHEN p.is_wallet_only THEN 'wallet-only'
        WHEN r.provider_user_id IS NULL THEN 'without a refund'
        ELSE 'with a refund'
      END AS user_group
    FROM ewallet_working.people AS p
    LEFT JOIN refunded AS r ON p.provider_user_id = r.provider_user_id
    WHERE p.is_wallet_only
      OR p.age >= 18
  ),
  verification_buckets AS (
    SELECT
      user_group,
      bucket,
      SUM(COUNT(*)) OVER (PARTITION BY user_group ORDER BY bucket) - COUNT(*) AS users_before,
      SUM(COUNT(*)) OVER (PARTITION BY user_group) AS users
    FROM verification
    GROUP BY user_group, bucket
  ),
  verified AS (
    SELECT v.provider_user_id
    FROM verification AS v
    JOIN verification_buckets AS b ON v.user_group = b.user_group AND v.bucket = b.bucket
    WHERE TRUE
    QUALIFY
      b.users_before + ROW_NUMBER() OVER (PARTITION BY v.user_group, v.bucket ORDER BY v.verified_draw)
      <= FLOOR(
        CASE v.user_group WHEN 'wallet-only' THEN 0.85 WHEN 'without a refund' THEN 0.94 ELSE 0.55 END * b.users + 0.5
      )
  )
SELECT
  p.provider_user_id,
  p.email,
  DATE_SUB(
    DATE_SUB(@target_date, INTERVAL a.age YEAR),
    INTERVAL MOD(
      (p.birthday_draw & 0x7FFFFFFFFFFFFFFF),
      DATE_DIFF(
        DATE_SUB(@target_date, INTERVAL a.age YEAR), DATE_SUB(@target_date, INTERVAL a.age + 1 YEAR), DAY
      )
    ) DAY
  ) AS date_of_birth,
  IF(p.is_wallet_only, c.city, p.city) AS city,
  t.account_tier,
  v.provider_user_id IS NOT NULL AS is_verified_user
FROM ewallet_working.people AS p
LEFT JOIN ages AS a ON p.provider_user_id = a.provider_user_id
LEFT JOIN cities AS c ON p.provider_user_id = c.provider_user_id
LEFT JOIN tiers AS t ON p.provider_user_id = t.provider_user_id
LEFT JOIN verified AS v ON p.provider_user_id = v.provider_user_id
