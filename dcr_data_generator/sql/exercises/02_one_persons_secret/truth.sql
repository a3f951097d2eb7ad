-- purpose: What is true, for the referee alone.
SELECT COUNTIF(p.is_verified_user) AS verified
FROM ewallet_provider.provider_users AS p
JOIN ewallet_provider.clean_room_keys AS k ON p.provider_user_id = k.provider_user_id
WHERE k.hashed_email = @victim
