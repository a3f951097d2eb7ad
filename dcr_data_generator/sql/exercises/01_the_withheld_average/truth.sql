-- purpose: What is true, for the referee alone.
SELECT AVG(t.transaction_amount) AS average_order_value
FROM ewallet_provider.transactions AS t
JOIN ewallet_provider.provider_users AS p ON t.provider_user_id = p.provider_user_id
WHERE p.account_tier = 'Business'
