-- purpose: The average order of each holder, in whole cents; 0 without an order that has a price.
CREATE OR REPLACE TABLE ewallet_working.spending AS
WITH
  average_orders AS (
    SELECT
      provider_user_id,
      CAST(FLOOR(SUM(cents) / COUNT(cents)) AS INT64) AS average_order
    FROM ewallet_working.orders
    WHERE cents IS NOT NULL
    GROUP BY provider_user_id
  )
SELECT
  p.provider_user_id,
  p.tier_draw,
  COALESCE(p.age >= 18, FALSE) AS is_adult,
  a.average_order IS NOT NULL AS has_average,
  COALESCE(a.average_order, 0) AS average_order
FROM ewallet_working.people AS p
LEFT JOIN average_orders AS a ON p.provider_user_id = a.provider_user_id
WHERE NOT p.is_wallet_only
