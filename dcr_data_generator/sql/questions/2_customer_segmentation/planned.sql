-- purpose: How many people each group of the answer with noise has, and the average that it estimates: per person, of at
-- most 500 dollars.
-- view: ewallet_clean_room.wallet_spend_private
SELECT
  COALESCE(account_tier, 'unknown') AS name,
  COUNT(*) AS people,
  AVG(GREATEST(LEAST(own_average, 500), 0)) AS average
FROM (
  SELECT
    p.account_tier,
    p.provider_user_id,
    AVG(t.transaction_amount) AS own_average
  FROM ewallet_provider.transactions AS t
  JOIN ewallet_provider.provider_users AS p ON t.provider_user_id = p.provider_user_id
  GROUP BY p.account_tier, p.provider_user_id
)
GROUP BY name
