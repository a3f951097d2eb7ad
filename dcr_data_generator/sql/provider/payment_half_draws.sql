-- purpose: The holders' orders that have items.
CREATE OR REPLACE TABLE ewallet_working.payment_half_draws AS
SELECT
  o.order_id,
  o.provider_user_id,
  o.cents,
  o.created_at,
  o.status,
  ewallet_working.draw_2(ewallet_working.draw_1(s.payment, o.order_id)) AS payment_half,
  ewallet_working.draw_2(ewallet_working.draw_1(s.high, o.order_id)) AS high_half,
  ewallet_working.draw_2(ewallet_working.draw_1(s.low, o.order_id)) AS low_half
FROM ewallet_working.orders AS o
CROSS JOIN (
  SELECT
    ewallet_working.salt(@seed, 'payment') AS payment,
    ewallet_working.salt(@seed, 'transaction_id high') AS high,
    ewallet_working.salt(@seed, 'transaction_id low') AS low
) AS s
WHERE o.has_items
