-- check: Transaction amounts are the sums of the orders' items, to the cent.
WITH
  order_totals AS (
    SELECT
      order_id,
      SUM(sale_price) AS total
    FROM merchant_provider.order_items
    GROUP BY order_id
  )
SELECT
  t.transaction_id,
  t.order_id,
  t.transaction_amount,
  s.total
FROM ewallet_provider.transactions AS t
JOIN order_totals AS s ON t.order_id = s.order_id
WHERE (t.transaction_amount IS NULL) != (s.total IS NULL)
  OR IS_NAN(t.transaction_amount)
  -- Half a cent, and what a sum of single-precision prices may be off.
  OR ABS(t.transaction_amount - s.total) > 0.005001
  OR ABS(t.transaction_amount * 100 - ROUND(t.transaction_amount * 100)) > 0.001
