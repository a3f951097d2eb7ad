-- purpose: What is true, for the referee alone.
SELECT COUNT(DISTINCT k.hashed_email) AS verified
FROM ewallet_provider.provider_users AS p
JOIN ewallet_provider.clean_room_keys AS k ON p.provider_user_id = k.provider_user_id
JOIN merchant_provider.clean_room_keys AS m ON k.hashed_email = m.hashed_email
WHERE p.is_verified_user
