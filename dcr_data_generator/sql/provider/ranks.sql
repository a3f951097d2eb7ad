-- purpose: What people are ranked by for their tiers, the lowest first. Holders are ranked by their scores, the highest
-- first, and by the higher draw where scores are equal; wallet-only users by draw. Holders with the same average order
-- share a place.
CREATE OR REPLACE TABLE ewallet_working.ranks AS
WITH
  places AS (
    SELECT
      has_average,
      average_order,
      CAST(2 * SUM(COUNT(*)) OVER (ORDER BY has_average, average_order) - COUNT(*) + 1 AS INT64) AS twice_the_place,
      CAST(SUM(COUNT(*)) OVER () AS INT64) AS holders
    FROM ewallet_working.spending
    GROUP BY has_average, average_order
  ),
  -- An adult has more than the highest score of a minor.
  scores AS (
    SELECT
      s.provider_user_id,
      s.tier_draw,
      ewallet_working.score(p.twice_the_place, p.holders, s.tier_draw)
        + IF(s.is_adult, ewallet_working.score(2 * p.holders, p.holders, -1) + 1, 0) AS score,
      2 * ewallet_working.score(2 * p.holders, p.holders, -1) + 1 AS highest_score
    FROM ewallet_working.spending AS s
    JOIN places AS p ON s.has_average = p.has_average AND s.average_order = p.average_order
  )
SELECT
  provider_user_id,
  FALSE AS is_wallet_only,
  -ewallet_working.page(score, highest_score + 1) AS bucket,
  -score AS score_rank,
  -1 - tier_draw AS draw_rank
FROM scores
UNION ALL
SELECT
  provider_user_id,
  is_wallet_only,
  ewallet_working.bucket(tier_draw) AS bucket,
  0 AS score_rank,
  tier_draw AS draw_rank
FROM ewallet_working.people
WHERE is_wallet_only
