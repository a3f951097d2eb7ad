-- purpose: The payments: of the holders' orders that have items, the share wallet_payment_rate with the smallest draws.
-- The columns are those of synthesis.py.
CREATE OR REPLACE TABLE ewallet_provider.transactions (
  transaction_id STRING NOT NULL,
  order_id INT64 NOT NULL,
  provider_user_id INT64 NOT NULL,
  transaction_amount FLOAT64,
  transaction_timestamp TIMESTAMP,
  status STRING
) AS
WITH
  mixed AS (
    SELECT
      *,
      ewallet_working.draw_2(ewallet_working.draw_1(ewallet_working.salt(@seed, 'payment'), order_id)) AS payment_draw,
      ewallet_working.draw_2(
        ewallet_working.draw_1(ewallet_working.salt(@seed, 'transaction_id high'), order_id)
      ) AS high,
      ewallet_working.draw_2(ewallet_working.draw_1(ewallet_working.salt(@seed, 'transaction_id low'), order_id)) AS low
    FROM ewallet_working.orders
    WHERE has_items
  ),
  draws AS (
    SELECT
      * EXCEPT (payment_draw, high, low),
      ewallet_working.draw_4(ewallet_working.draw_3(payment_draw)) AS payment_draw,
      ewallet_working.draw_4(ewallet_working.draw_3(high)) AS high,
      ewallet_working.draw_4(ewallet_working.draw_3(low)) AS low
    FROM mixed
  ),
  buckets AS (
    SELECT
      bucket,
      SUM(COUNT(*)) OVER (ORDER BY bucket) - COUNT(*) AS orders_before
    FROM (
      SELECT DIV(payment_draw, 4503599627370496) AS bucket
      FROM draws
    )
    GROUP BY bucket
  )
SELECT
  -- A UUID (RFC 9562): four bits are the version, 4, and two the variant.
  FORMAT(
    '%08x-%04x-4%03x-%04x-%012x',
    (d.high >> 32) & 0xFFFFFFFF,
    (d.high >> 16) & 0xFFFF,
    d.high & 0xFFF,
    ((d.low >> 48) & 0x3FFF) + 0x8000,
    d.low & 0xFFFFFFFFFFFF
  ) AS transaction_id,
  d.order_id,
  d.provider_user_id,
  d.cents / 100 AS transaction_amount,
  d.created_at AS transaction_timestamp,
  d.status
FROM draws AS d
JOIN buckets AS b ON DIV(d.payment_draw, 4503599627370496) = b.bucket
WHERE TRUE
QUALIFY
  b.orders_before + ROW_NUMBER() OVER (PARTITION BY b.bucket ORDER BY d.payment_draw)
  <= (SELECT FLOOR(@wallet_payment_rate * COUNT(*) + 0.5) FROM ewallet_working.orders WHERE has_items)
