-- purpose: With how many days up to the snapshot's last, by the source's own counts, the clean room would not withhold
-- an answer whole; NULL where no more days would do.
WITH
  snapshot AS (
    SELECT
      COALESCE(@first_date, MIN(DATE(o.created_at))) AS first_day,
      COALESCE(@last_date, MAX(DATE(o.created_at))) AS last_day,
      COUNT(DISTINCT IF(i.order_id IS NULL, NULL, NULLIF(LOWER(TRIM(u.email, ' \t\r\n')), ''))) AS customers
    FROM merchant_provider.orders AS o
    LEFT JOIN merchant_provider.users AS u ON o.user_id = u.id
    LEFT JOIN merchant_provider.order_items AS i ON o.order_id = i.order_id
  ),
  -- Of the snapshot's customers with items, the share who paid with the wallet; in a tiny snapshot, that is chance.
  paying AS (
    SELECT
      LEAST(
        @match_rate * @wallet_payment_rate,
        COALESCE(SAFE_DIVIDE(NULLIF(COUNT(DISTINCT provider_user_id), 0), (SELECT customers FROM snapshot)), 1)
      ) AS part
    FROM ewallet_provider.transactions
  ),
  -- A customer counts from as many days as it takes to reach their latest order. One without items is never paid.
  customers AS (
    SELECT
      LOWER(TRIM(u.email, ' \t\r\n')) AS customer,
      MIN(DATE_DIFF(s.last_day, DATE(o.created_at), DAY)) + 1 AS days
    FROM `bigquery-public-data.thelook_ecommerce.orders` AS o FOR SYSTEM_TIME AS OF @source_time
    JOIN `bigquery-public-data.thelook_ecommerce.users` AS u FOR SYSTEM_TIME AS OF @source_time
      ON o.user_id = u.id
    JOIN snapshot AS s ON DATE(o.created_at) <= s.last_day
    WHERE
      TRIM(u.email, ' \t\r\n') != ''
      AND o.order_id IN (
        SELECT order_id
        FROM `bigquery-public-data.thelook_ecommerce.order_items` FOR SYSTEM_TIME AS OF @source_time
      )
    GROUP BY customer
  ),
  growth AS (
    SELECT
      days,
      @scale * SUM(COUNT(*)) OVER (ORDER BY days) AS customers
    FROM customers
    GROUP BY days
  ),
  -- 70 % of the customers who pay are in the largest tier, Free. That many of them are expected to be 50 people and
  -- three standard deviations more (of a Poisson distribution), so that chance does not leave fewer than 50.
  enough AS (
    SELECT MIN(growth.days) AS days
    FROM growth
    CROSS JOIN paying
    CROSS JOIN snapshot
    WHERE
      growth.customers * paying.part * 0.7 >= 50 + 3 * SQRT(50)
      AND growth.days > DATE_DIFF(snapshot.last_day, snapshot.first_day, DAY) + 1
  )
SELECT
  snapshot.last_day,
  enough.days
FROM snapshot
CROSS JOIN enough
