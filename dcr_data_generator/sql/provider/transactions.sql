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
  buckets AS (
    SELECT
      bucket,
      SUM(COUNT(*)) OVER (ORDER BY bucket) - COUNT(*) AS orders_before
    FROM (
      SELECT ewallet_working.bucket(payment_draw) AS bucket
      FROM ewallet_working.payment_draws
    )
    GROUP BY bucket
  )
SELECT
  -- A UUID (RFC 9562): four bits are the version, 4, and two the variant.
  FORMAT(
    '%08x-%04x-4%03x-%04x-%012x',
    (d.high_draw >> 32) & 0xFFFFFFFF,
    (d.high_draw >> 16) & 0xFFFF,
    d.high_draw & 0xFFF,
    ((d.low_draw >> 48) & 0x3FFF) + 0x8000,
    d.low_draw & 0xFFFFFFFFFFFF
  ) AS transaction_id,
  d.order_id,
  d.provider_user_id,
  d.cents / 100 AS transaction_amount,
  d.created_at AS transaction_timestamp,
  d.status
FROM ewallet_working.payment_draws AS d
JOIN buckets AS b ON ewallet_working.bucket(d.payment_draw) = b.bucket
WHERE TRUE
QUALIFY
  b.orders_before + ROW_NUMBER() OVER (PARTITION BY b.bucket ORDER BY d.payment_draw)
  <= (SELECT FLOOR(@wallet_payment_rate * COUNT(*) + 0.5) FROM ewallet_working.payment_draws)
