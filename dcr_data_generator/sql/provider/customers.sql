-- purpose: The customers with their draws.
CREATE OR REPLACE TABLE ewallet_working.customers AS
SELECT
  * EXCEPT (wallet_half),
  ewallet_working.draw_4(ewallet_working.draw_3(wallet_half)) AS wallet_draw
FROM ewallet_working.customer_half_draws
