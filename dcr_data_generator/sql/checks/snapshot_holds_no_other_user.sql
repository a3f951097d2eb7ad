-- check: The snapshot's users placed its orders.
SELECT
  u.id AS user_id,
  u.email
FROM merchant_provider.users AS u
LEFT JOIN merchant_provider.orders AS o ON u.id = o.user_id
WHERE o.user_id IS NULL
