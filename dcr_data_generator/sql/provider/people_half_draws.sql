-- purpose: The wallet holders and the wallet-only users; `find_people` in synthesis.py.
CREATE OR REPLACE TABLE ewallet_working.people_half_draws AS
WITH
  people AS (
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
  )
SELECT
  p.* EXCEPT (key),
  ewallet_working.draw_2(ewallet_working.draw_1(s.id, p.key)) AS id_half,
  ewallet_working.draw_2(ewallet_working.draw_1(s.birthday, p.key)) AS birthday_half,
  ewallet_working.draw_2(ewallet_working.draw_1(s.age, p.key)) AS age_half,
  ewallet_working.draw_2(ewallet_working.draw_1(s.city, p.key)) AS city_half,
  ewallet_working.draw_2(ewallet_working.draw_1(s.tier, p.key)) AS tier_half,
  ewallet_working.draw_2(ewallet_working.draw_1(s.verified, p.key)) AS verified_half
FROM people AS p
CROSS JOIN (
  SELECT
    ewallet_working.salt(@seed, 'provider_user_id') AS id,
    ewallet_working.salt(@seed, 'birthday') AS birthday,
    ewallet_working.salt(@seed, 'age') AS age,
    ewallet_working.salt(@seed, 'city') AS city,
    ewallet_working.salt(@seed, 'account_tier') AS tier,
    ewallet_working.salt(@seed, 'is_verified_user') AS verified
) AS s
