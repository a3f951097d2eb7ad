-- check: Account tiers follow average order value, among the adults and among the others.
WITH
  order_totals AS (
    SELECT
      order_id,
      ROUND(SUM(sale_price), 2) AS total
    FROM merchant_provider.order_items
    GROUP BY order_id
  ),
  holders AS (
    SELECT
      p.provider_user_id,
      ANY_VALUE(p.account_tier) AS account_tier,
      ANY_VALUE(COALESCE(p.date_of_birth <= DATE_SUB(@target_date, INTERVAL 18 YEAR), FALSE)) AS is_adult,
      -- In whole cents, as the rule has it; the totals are rounded, so that their sum is one of cents.
      CAST(FLOOR(ROUND(100 * SUM(t.total)) / NULLIF(COUNT(t.total), 0)) AS INT64) AS average_cents
    FROM ewallet_provider.provider_users AS p
    JOIN merchant_provider.users AS u ON LOWER(TRIM(p.email, ' \t\r\n')) = LOWER(TRIM(u.email, ' \t\r\n'))
    LEFT JOIN merchant_provider.orders AS o ON u.id = o.user_id
    LEFT JOIN order_totals AS t ON o.order_id = t.order_id
    GROUP BY p.provider_user_id
  ),
  -- Those who spend the same share a place among the holders: it lies between these two, which are shares of 1.
  places AS (
    SELECT
      is_adult,
      account_tier,
      average_cents,
      (
        SUM(COUNT(*)) OVER (ORDER BY average_cents) - SUM(COUNT(*)) OVER (PARTITION BY average_cents) + 1
      ) / SUM(COUNT(*)) OVER () AS lowest_place,
      SUM(COUNT(*)) OVER (ORDER BY average_cents) / SUM(COUNT(*)) OVER () AS highest_place
    FROM holders
    GROUP BY is_adult, account_tier, average_cents
  ),
  outranked AS (
    SELECT
      is_adult,
      'Premium' AS account_tier,
      MAX(lowest_place) AS place
    FROM places
    WHERE account_tier = 'Free'
    GROUP BY is_adult
    UNION ALL
    SELECT
      is_adult,
      'Business' AS account_tier,
      MAX(lowest_place) AS place
    FROM places
    WHERE account_tier IN ('Free', 'Premium')
    GROUP BY is_adult
  )
SELECT
  p.is_adult,
  p.account_tier,
  p.average_cents / 100 AS average_order_value,
  p.highest_place AS place,
  outranked.place AS outranked_place
FROM places AS p
JOIN outranked ON p.is_adult = outranked.is_adult AND p.account_tier = outranked.account_tier
-- The score is 0.6 of the place and 0.4 of a draw, so a draw makes up for two thirds; the rest is for rounding.
WHERE outranked.place - p.highest_place > 2 / 3 + 0.01
