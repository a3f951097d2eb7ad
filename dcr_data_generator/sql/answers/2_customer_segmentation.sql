-- purpose: The average order value of the highest and the lowest tier, in US dollars; NULL without payments of the
-- tier.
SELECT
  AVG(IF(p.account_tier = 'Business', t.transaction_amount, NULL)) AS business,
  AVG(IF(p.account_tier = 'Free', t.transaction_amount, NULL)) AS free
FROM merchant_provider.users AS u
JOIN ewallet_provider.provider_users AS p ON u.email = p.email
JOIN ewallet_provider.transactions AS t ON p.provider_user_id = t.provider_user_id
