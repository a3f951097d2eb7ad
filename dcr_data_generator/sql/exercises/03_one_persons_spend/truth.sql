-- purpose: What is true, for the referee alone.
SELECT SUM(t.transaction_amount) AS spend
FROM ewallet_provider.transactions AS t
JOIN ewallet_provider.clean_room_keys AS k ON t.provider_user_id = k.provider_user_id
WHERE k.hashed_email = @victim
