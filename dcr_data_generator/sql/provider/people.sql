-- purpose: The same people with their numbers, 1 to n by draw; `provider_user_id` and `email` in synthesis.py.
CREATE OR REPLACE TABLE ewallet_working.people AS
WITH
  buckets AS (
    SELECT
      bucket,
      SUM(COUNT(*)) OVER (ORDER BY bucket) - COUNT(*) AS people_before
    FROM (
      SELECT ewallet_working.bucket(id_draw) AS bucket
      FROM ewallet_working.people_draws
    )
    GROUP BY bucket
  )
SELECT
  CAST(
    b.people_before + ROW_NUMBER() OVER (PARTITION BY b.bucket ORDER BY d.id_draw, d.is_wallet_only)
    AS INT64
  ) AS provider_user_id,
  d.* EXCEPT (id_draw)
FROM ewallet_working.people_draws AS d
JOIN buckets AS b ON ewallet_working.bucket(d.id_draw) = b.bucket
