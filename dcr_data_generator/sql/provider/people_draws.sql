-- purpose: The same people with their draws, one for each column that has one.
CREATE OR REPLACE TABLE ewallet_working.people_draws AS
SELECT
  email,
  person,
  city,
  age,
  is_wallet_only,
  ewallet_working.draw_4(ewallet_working.draw_3(id_half)) AS id_draw,
  ewallet_working.draw_4(ewallet_working.draw_3(birthday_half)) AS birthday_draw,
  ewallet_working.draw_4(ewallet_working.draw_3(age_half)) AS age_draw,
  ewallet_working.draw_4(ewallet_working.draw_3(city_half)) AS city_draw,
  ewallet_working.draw_4(ewallet_working.draw_3(tier_half)) AS tier_draw,
  ewallet_working.draw_4(ewallet_working.draw_3(verified_half)) AS verified_draw
FROM ewallet_working.people_half_draws
