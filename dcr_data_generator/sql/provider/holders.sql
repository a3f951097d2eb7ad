-- purpose: The wallet holders: of the customers, the share match_rate with the smallest draws.
CREATE OR REPLACE TABLE ewallet_working.holders AS
WITH
  buckets AS (
    SELECT
      bucket,
      SUM(COUNT(*)) OVER (ORDER BY bucket) - COUNT(*) AS customers_before
    FROM (
      SELECT ewallet_working.bucket(wallet_draw) AS bucket
      FROM ewallet_working.customers
    )
    GROUP BY bucket
  )
SELECT c.* EXCEPT (wallet_draw)
FROM ewallet_working.customers AS c
JOIN buckets AS b ON ewallet_working.bucket(c.wallet_draw) = b.bucket
WHERE TRUE
QUALIFY
  b.customers_before + ROW_NUMBER() OVER (PARTITION BY b.bucket ORDER BY c.wallet_draw)
  <= (SELECT FLOOR(@match_rate * COUNT(*) + 0.5) FROM ewallet_working.customers)
