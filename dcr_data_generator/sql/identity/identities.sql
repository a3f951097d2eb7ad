-- purpose: The same people with draws: for who of the holders writes another email, and for the phone numbers.
CREATE OR REPLACE TABLE ewallet_working.identities AS
SELECT
  * EXCEPT (noise_half, phone_half, other_phone_half, phone_kind_half),
  ewallet_working.draw_4(ewallet_working.draw_3(noise_half)) AS noise_draw,
  ewallet_working.draw_4(ewallet_working.draw_3(phone_half)) AS phone_draw,
  ewallet_working.draw_4(ewallet_working.draw_3(other_phone_half)) AS other_phone_draw,
  ewallet_working.draw_4(ewallet_working.draw_3(phone_kind_half)) AS phone_kind_draw
FROM ewallet_working.identity_half_draws
