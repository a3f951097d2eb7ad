-- purpose: What customers of each tier spend per order in US dollars: the average, and the range of the middle half of
-- their orders.
WITH
  payments AS (
    SELECT
      COALESCE(p.account_tier, 'unknown') AS tier,
      p.provider_user_id AS customer,
      t.transaction_amount AS amount
    FROM (SELECT DISTINCT email FROM merchant_provider.users) AS u
    JOIN ewallet_provider.provider_users AS p ON u.email = p.email
    JOIN ewallet_provider.transactions AS t ON p.provider_user_id = t.provider_user_id
  ),
  -- PERCENTILE_CONT would sort all payments of a tier on one machine. There are far fewer amounts.
  amounts AS (
    SELECT
      tier,
      amount,
      SUM(COUNT(*)) OVER (PARTITION BY tier ORDER BY amount) AS payments_so_far,
      SUM(COUNT(*)) OVER (PARTITION BY tier) - 1 AS last_place
    FROM payments
    WHERE amount IS NOT NULL
    GROUP BY tier, amount
  ),
  -- A quarter of the way lies at a place or between two; the places begin with 0.
  quarters AS (
    SELECT
      tier,
      MIN(IF(payments_so_far > FLOOR(last_place * 0.25), amount, NULL)) AS lower_1,
      MIN(IF(payments_so_far > CEIL(last_place * 0.25), amount, NULL)) AS upper_1,
      MIN(IF(payments_so_far > FLOOR(last_place * 0.75), amount, NULL)) AS lower_3,
      MIN(IF(payments_so_far > CEIL(last_place * 0.75), amount, NULL)) AS upper_3,
      ANY_VALUE(last_place * 0.25 - FLOOR(last_place * 0.25)) AS part_1,
      ANY_VALUE(last_place * 0.75 - FLOOR(last_place * 0.75)) AS part_3
    FROM amounts
    GROUP BY tier
  ),
  averages AS (
    SELECT
      tier,
      COUNT(DISTINCT customer) AS customers,
      ROUND(AVG(amount), 2) AS average_order_value
    FROM payments
    GROUP BY tier
  )
SELECT
  a.tier,
  a.customers,
  a.average_order_value,
  q.lower_1 + q.part_1 * (q.upper_1 - q.lower_1) AS a_quarter_below,
  q.lower_3 + q.part_3 * (q.upper_3 - q.lower_3) AS a_quarter_above
FROM averages AS a
LEFT JOIN quarters AS q ON a.tier = q.tier
ORDER BY a.average_order_value DESC
