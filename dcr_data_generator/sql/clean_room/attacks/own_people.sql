-- purpose: What the merchant's own tables say of its customers: their age, whether an order was cancelled or returned,
-- and what they spend per order.
-- as: merchant
SELECT
  k.hashed_email,
  MAX(u.age) AS age,
  COALESCE(SUM(o.refunds), 0) > 0 AS has_refund,
  COALESCE(SUM(i.spend) / SUM(i.orders), 0) AS average_order_value
FROM merchant_provider.clean_room_keys AS k
JOIN merchant_provider.users AS u ON k.user_id = u.id
LEFT JOIN (
  SELECT user_id, COUNTIF(status IN ('Cancelled', 'Returned')) AS refunds
  FROM merchant_provider.orders
  GROUP BY user_id
) AS o ON u.id = o.user_id
LEFT JOIN (
  SELECT user_id, SUM(sale_price) AS spend, COUNT(DISTINCT order_id) AS orders
  FROM merchant_provider.order_items
  GROUP BY user_id
) AS i ON u.id = i.user_id
GROUP BY k.hashed_email
