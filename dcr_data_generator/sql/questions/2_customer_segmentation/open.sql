-- question: Do customers of a higher tier spend more?
-- asks: The merchant asks.
-- key: email, then provider_user_id.
SELECT
  p.account_tier,
  AVG(t.transaction_amount) AS average_order_value,
  COUNT(DISTINCT p.provider_user_id) AS number_of_customers
FROM (SELECT DISTINCT email FROM merchant_provider.users) AS u
JOIN ewallet_provider.provider_users AS p ON u.email = p.email
JOIN ewallet_provider.transactions AS t ON p.provider_user_id = t.provider_user_id
GROUP BY p.account_tier
ORDER BY average_order_value DESC
