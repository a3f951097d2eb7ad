-- purpose: The holders' orders, with what their items cost; `find_orders` in synthesis.py.
CREATE OR REPLACE TABLE ewallet_working.orders AS
WITH
  -- thelook's prices are whole cents with noise. Whole millionths add up exactly, in whatever order the items stand.
  order_totals AS (
    SELECT
      order_id,
      SUM(CAST(FLOOR(IF(IS_NAN(sale_price), NULL, sale_price) * 1000000 + 0.5) AS INT64)) AS micros
    FROM merchant_provider.order_items
    WHERE order_id IS NOT NULL
    GROUP BY order_id
  )
SELECT
  o.order_id,
  o.status,
  o.created_at,
  p.provider_user_id,
  t.order_id IS NOT NULL AS has_items,
  CAST(FLOOR(t.micros / 10000 + 0.5) AS INT64) AS cents
FROM merchant_provider.orders AS o
JOIN merchant_provider.users AS u ON o.user_id = u.id
JOIN ewallet_working.people AS p ON LOWER(TRIM(u.email, ' \t\r\n')) = p.person
LEFT JOIN order_totals AS t ON o.order_id = t.order_id
