-- purpose: The ages that are known. Holders are as old as the merchant says, wallet-only users as old as the adult
-- holders, or 18 to 70 without any: each age has as many places as it occurs, and a draw picks a place.
CREATE OR REPLACE TABLE ewallet_working.ages AS
WITH
  adult_ages AS (
    SELECT age
    FROM ewallet_working.people
    WHERE age >= 18
    UNION ALL
    SELECT age
    FROM UNNEST(GENERATE_ARRAY(18, 70)) AS age
    WHERE NOT EXISTS (SELECT 1 FROM ewallet_working.people WHERE age >= 18)
  ),
  places AS (
    SELECT
      age,
      CAST(SUM(COUNT(*)) OVER (ORDER BY age) - COUNT(*) AS INT64) AS first_place,
      CAST(SUM(COUNT(*)) OVER (ORDER BY age) - 1 AS INT64) AS last_place,
      CAST(SUM(COUNT(*)) OVER () AS INT64) AS all_places
    FROM adult_ages
    GROUP BY age
  ),
  pages AS (
    SELECT *
    FROM places
    CROSS JOIN UNNEST(
      GENERATE_ARRAY(ewallet_working.page(first_place, all_places), ewallet_working.page(last_place, all_places))
    ) AS page
  ),
  picks AS (
    SELECT
      p.provider_user_id,
      p.birthday_draw,
      a.all_places,
      ewallet_working.below(p.age_draw, a.all_places) AS place
    FROM ewallet_working.people AS p
    CROSS JOIN (SELECT DISTINCT all_places FROM places) AS a
    WHERE p.is_wallet_only
  )
SELECT
  p.provider_user_id,
  p.birthday_draw,
  a.age
FROM picks AS p
JOIN pages AS a
  ON ewallet_working.page(p.place, p.all_places) = a.page
  AND p.place BETWEEN a.first_place AND a.last_place
UNION ALL
SELECT
  provider_user_id,
  birthday_draw,
  age
FROM ewallet_working.people
WHERE age IS NOT NULL
