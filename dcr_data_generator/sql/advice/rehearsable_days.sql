-- purpose: How many minutes a rehearsal of the snapshot takes, by the 40,000 orders a minute of two usual cores, where
-- it is more than one; and how many days up to the snapshot's last take one minute. 0 where that day alone takes more.
WITH
  daily AS (
    SELECT
      DATE(created_at) AS day,
      COUNT(*) AS orders
    FROM merchant_provider.orders
    GROUP BY day
  ),
  growth AS (
    SELECT
      day,
      COALESCE(@last_date, MAX(day) OVER ()) AS last_day,
      SUM(orders) OVER (ORDER BY day DESC) AS orders
    FROM daily
  ),
  totals AS (
    SELECT
      MAX(orders) AS orders,
      CAST(CEIL(MAX(orders) / 40000) AS INT64) AS minutes,
      MAX(last_day) AS last_day,
      MAX(IF(orders <= 40000, DATE_DIFF(last_day, day, DAY) + 1, 0)) AS days
    FROM growth
  )
SELECT
  orders,
  minutes,
  last_day,
  days
FROM totals
WHERE minutes > 1
