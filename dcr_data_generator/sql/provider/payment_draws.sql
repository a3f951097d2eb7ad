-- purpose: The same orders with their draws.
CREATE OR REPLACE TABLE ewallet_working.payment_draws AS
SELECT
  order_id,
  provider_user_id,
  cents,
  created_at,
  status,
  ewallet_working.draw_4(ewallet_working.draw_3(payment_half)) AS payment_draw,
  ewallet_working.draw_4(ewallet_working.draw_3(high_half)) AS high_draw,
  ewallet_working.draw_4(ewallet_working.draw_3(low_half)) AS low_draw
FROM ewallet_working.payment_half_draws
