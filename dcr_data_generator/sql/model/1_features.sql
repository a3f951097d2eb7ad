-- step: Make the features from the merchant's tables
-- purpose: What the merchant knows of each customer, one row per person. A fifth of the people is held back.
CREATE OR REPLACE TABLE ewallet_model.features AS
WITH
  amounts AS (
    SELECT
      order_id,
      COUNT(*) AS items,
      SUM(sale_price) AS amount
    FROM merchant_provider.order_items
    GROUP BY order_id
  )
SELECT
  LOWER(TRIM(u.email, ' \t\r\n')) AS person,
  MOD(FARM_FINGERPRINT(LOWER(TRIM(u.email, ' \t\r\n'))), 5) = 0 AS is_held_back,
  -- A logarithm, because a few people spend many times as much as the others.
  LN(1 + IFNULL(AVG(a.amount), 0)) AS log_average_order_value,
  IFNULL(AVG(a.items), 0) AS items_per_order,
  COUNT(*) AS number_of_orders,
  COUNTIF(o.status IN ('Cancelled', 'Returned')) / COUNT(*) AS refund_rate,
  ANY_VALUE(u.age HAVING MAX u.created_at) AS age
FROM merchant_provider.users AS u
JOIN merchant_provider.orders AS o ON u.id = o.user_id
LEFT JOIN amounts AS a ON o.order_id = a.order_id
WHERE TRIM(u.email, ' \t\r\n') != ''
GROUP BY person, is_held_back
