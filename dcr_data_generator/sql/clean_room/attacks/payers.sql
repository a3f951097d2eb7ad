-- purpose: Which of its customers pay with the wallet. The merchant knows it from its own till; here it is question 1.
-- as: merchant
SELECT DISTINCT k.hashed_email
FROM merchant_provider.orders AS o
JOIN ewallet_clean_room.wallet_orders AS w ON o.order_id = w.order_id
JOIN merchant_provider.clean_room_keys AS k ON o.user_id = k.user_id
