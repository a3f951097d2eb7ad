-- purpose: The wallet holders: of the customers, the share match_rate with the smallest draws. They are numbered within
-- buckets of the draw, its 12 highest bits, so that no window holds all rows; the buckets are few.
CREATE OR REPLACE TABLE ewallet_working.holders AS
WITH
  buckets AS (
    SELECT
      bucket,
      SUM(COUNT(*)) OVER (ORDER BY bucket) - COUNT(*) AS customers_before
    FROM (
      SELECT DIV(wallet_draw, 4503599627370496) AS bucket
      FROM ewallet_working.customers
    )
    GROUP BY bucket
  )
SELECT
  c.person,
  c.email,
  c.city,
  c.age,
  c.key
FROM ewallet_working.customers AS c
JOIN buckets AS b ON DIV(c.wallet_draw, 4503599627370496) = b.bucket
WHERE TRUE
QUALIFY
  b.customers_before + ROW_NUMBER() OVER (PARTITION BY b.bucket ORDER BY c.wallet_draw)
  <= (SELECT FLOOR(@match_rate * COUNT(*) + 0.5) FROM ewallet_working.customers)
