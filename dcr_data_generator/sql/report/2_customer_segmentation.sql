-- purpose: What customers of each tier spend per order in US dollars: the average, and the range of the middle half of
-- their orders.
WITH
  payments AS (
    SELECT
      COALESCE(p.account_tier, 'unknown') AS tier,
      p.provider_user_id AS customer,
      t.transaction_amount AS amount
    FROM merchant_provider.users AS u
    JOIN ewallet_provider.provider_users AS p ON u.email = p.email
    JOIN ewallet_provider.transactions AS t ON p.provider_user_id = t.provider_user_id
  ),
  spread AS (
    SELECT
      *,
      PERCENTILE_CONT(amount, 0.25) OVER (PARTITION BY tier) AS a_quarter_below,
      PERCENTILE_CONT(amount, 0.75) OVER (PARTITION BY tier) AS a_quarter_above
    FROM payments
  )
SELECT
  tier,
  COUNT(DISTINCT customer) AS customers,
  ROUND(AVG(amount), 2) AS average_order_value,
  MIN(a_quarter_below) AS a_quarter_below,
  MIN(a_quarter_above) AS a_quarter_above
FROM spread
GROUP BY tier
ORDER BY average_order_value DESC
