-- purpose: What the private query estimates, without its noise.
-- difference: The open answer averages orders. Differential privacy averages people: each counts once, by their own
-- average, of which at most 500 dollars count. So compare the draws with "per person".
SELECT
  account_tier,
  AVG(GREATEST(LEAST(own_average, 500), 0)) AS average_order_value
FROM (
  SELECT
    p.account_tier,
    p.provider_user_id,
    AVG(t.transaction_amount) AS own_average
  FROM ewallet_provider.transactions AS t
  JOIN ewallet_provider.provider_users AS p ON t.provider_user_id = p.provider_user_id
  GROUP BY p.account_tier, p.provider_user_id
)
GROUP BY account_tier
