-- purpose: Which of its own users the wallet knows to be customers, from question 4.
-- as: provider
SELECT DISTINCT LOWER(TRIM(p.email, ' \t\r\n')) AS email
FROM ewallet_provider.provider_users AS p
JOIN ewallet_provider.clean_room_keys AS k ON p.provider_user_id = k.provider_user_id
JOIN merchant_clean_room.customers AS c ON k.hashed_email = c.hashed_email
