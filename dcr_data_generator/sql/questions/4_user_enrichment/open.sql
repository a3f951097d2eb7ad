-- question: Who are our users, as the merchant knows them?
-- asks: The provider asks.
-- key: email.
SELECT
  p.provider_user_id,
  p.email,
  u.age,
  u.gender,
  u.country AS merchant_customer_country
FROM ewallet_provider.provider_users AS p
JOIN merchant_provider.users AS u ON p.email = u.email
ORDER BY p.provider_user_id, u.id
LIMIT 1000
