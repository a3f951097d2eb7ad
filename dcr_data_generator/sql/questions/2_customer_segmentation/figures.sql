-- purpose: The average order value of each tier, in US dollars, NULL where no amount of a payment is known; and how many
-- people of the tier paid.
SELECT
  AVG(IF(p.account_tier = 'Free', t.transaction_amount, NULL)) AS free,
  AVG(IF(p.account_tier = 'Premium', t.transaction_amount, NULL)) AS premium,
  AVG(IF(p.account_tier = 'Business', t.transaction_amount, NULL)) AS business,
  COUNT(DISTINCT IF(p.account_tier = 'Free', p.provider_user_id, NULL)) AS free_customers,
  COUNT(DISTINCT IF(p.account_tier = 'Premium', p.provider_user_id, NULL)) AS premium_customers,
  COUNT(DISTINCT IF(p.account_tier = 'Business', p.provider_user_id, NULL)) AS business_customers
FROM (SELECT DISTINCT email FROM merchant_provider.users) AS u
JOIN ewallet_provider.provider_users AS p ON u.email = p.email
JOIN ewallet_provider.transactions AS t ON p.provider_user_id = t.provider_user_id
