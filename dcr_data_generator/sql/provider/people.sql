-- purpose: The rows of provider_users, with their numbers and draws; `find_people` and `provider_user_id` in
-- synthesis.py.
CREATE OR REPLACE TABLE ewallet_working.people AS
WITH
  holders_and_wallet_only AS (
    SELECT
      email,
      person,
      city,
      age,
      key,
      FALSE AS is_wallet_only
    FROM ewallet_working.holders
    UNION ALL
    SELECT
      email,
      email AS person,
      NULL AS city,
      NULL AS age,
      key,
      TRUE AS is_wallet_only
    FROM ewallet_working.wallet_only
  ),
  mixed AS (
    SELECT
      *,
      ewallet_working.draw_2(ewallet_working.draw_1(ewallet_working.salt(@seed, 'provider_user_id'), key)) AS id_draw,
      ewallet_working.draw_2(ewallet_working.draw_1(ewallet_working.salt(@seed, 'birthday'), key)) AS birthday_draw,
      ewallet_working.draw_2(ewallet_working.draw_1(ewallet_working.salt(@seed, 'age'), key)) AS age_draw,
      ewallet_working.draw_2(ewallet_working.draw_1(ewallet_working.salt(@seed, 'city'), key)) AS city_draw,
      ewallet_working.draw_2(ewallet_working.draw_1(ewallet_working.salt(@seed, 'account_tier'), key)) AS tier_draw,
      ewallet_working.draw_2(
        ewallet_working.draw_1(ewallet_working.salt(@seed, 'is_verified_user'), key)
      ) AS verified_draw
    FROM holders_and_wallet_only
  ),
  draws AS (
    SELECT
      email,
      person,
      city,
      age,
      is_wallet_only,
      ewallet_working.draw_4(ewallet_working.draw_3(id_draw)) AS id_draw,
      ewallet_working.draw_4(ewallet_working.draw_3(birthday_draw)) AS birthday_draw,
      ewallet_working.draw_4(ewallet_working.draw_3(age_draw)) AS age_draw,
      ewallet_working.draw_4(ewallet_working.draw_3(city_draw)) AS city_draw,
      ewallet_working.draw_4(ewallet_working.draw_3(tier_draw)) AS tier_draw,
      ewallet_working.draw_4(ewallet_working.draw_3(verified_draw)) AS verified_draw
    FROM mixed
  ),
  buckets AS (
    SELECT
      bucket,
      SUM(COUNT(*)) OVER (ORDER BY bucket) - COUNT(*) AS people_before
    FROM (
      SELECT DIV(id_draw, 4503599627370496) AS bucket
      FROM draws
    )
    GROUP BY bucket
  )
SELECT
  CAST(
    b.people_before
    + ROW_NUMBER() OVER (PARTITION BY b.bucket ORDER BY d.id_draw, d.is_wallet_only)
    AS INT64
  ) AS provider_user_id,
  d.* EXCEPT (id_draw)
FROM draws AS d
JOIN buckets AS b ON DIV(d.id_draw, 4503599627370496) = b.bucket
