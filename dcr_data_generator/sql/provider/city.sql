-- purpose: The cities of the wallet-only users; `city` in synthesis.py. Each of the merchant's cities has as many
-- places as it occurs, and a draw picks a place.
CREATE OR REPLACE TABLE ewallet_working.city AS
WITH
  places AS (
    SELECT
      city,
      CAST(SUM(COUNT(*)) OVER (ORDER BY city) - COUNT(*) AS INT64) AS first_place,
      CAST(SUM(COUNT(*)) OVER (ORDER BY city) - 1 AS INT64) AS last_place,
      CAST(SUM(COUNT(*)) OVER () AS INT64) AS all_places
    FROM merchant_provider.users
    WHERE city IS NOT NULL
    GROUP BY city
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
      c.all_places,
      ewallet_working.below(p.city_draw, c.all_places) AS place
    FROM ewallet_working.people AS p
    CROSS JOIN (SELECT DISTINCT all_places FROM places) AS c
    WHERE p.is_wallet_only
  )
SELECT
  p.provider_user_id,
  c.city
FROM picks AS p
JOIN pages AS c
  ON ewallet_working.page(p.place, p.all_places) = c.page
  AND p.place BETWEEN c.first_place AND c.last_place
