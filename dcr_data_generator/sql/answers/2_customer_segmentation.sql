-- purpose: The average order value of each tier, in US dollars, NULL without payments of the tier; and how many people
-- of the smallest tier, Business, paid.
SELECT
  AVG(IF(p.account_tier = 'Free', t.transaction_amount, NULL)) AS free,
  AVG(IF(p.account_tier = 'Premium', t.transaction_amount, NULL)) AS premium,
  AVG(IF(p.account_tier = 'Business', t.transaction_amount, NULL)) AS business,
  COUNT(DISTINCT IF(p.account_tier = 'Business', p.provider_user_id, NULL)) AS business_customers
FROM merchant_provider.users AS u
JOIN ewallet_provider.provider_users AS p ON u.email = p.email
JOIN ewallet_provider.transactions AS t ON p.provider_user_id = t.provider_user_id
