-- purpose: The wallet holders who have an address, numbered by draw: those at example.net, which stands in for
-- gmail.com, and the others. What is no address, such as a hash or a login name, nobody writes otherwise.
CREATE OR REPLACE TABLE ewallet_working.noise_places AS
WITH
  holders AS (
    SELECT
      provider_user_id,
      noise_draw,
      ewallet_working.bucket(noise_draw) AS bucket,
      REGEXP_CONTAINS(person, r'^[^@]+@example\.net$') AS is_gmail_like
    FROM ewallet_working.phones
    WHERE REGEXP_CONTAINS(person, r'^[^@]+@[^@]+\.[^.@]+$')
      AND email IS NOT NULL
      AND provider_user_id IS NOT NULL
  ),
  buckets AS (
    SELECT
      is_gmail_like,
      bucket,
      SUM(COUNT(*)) OVER (PARTITION BY is_gmail_like ORDER BY bucket) - COUNT(*) AS holders_before
    FROM holders
    GROUP BY is_gmail_like, bucket
  )
SELECT
  h.provider_user_id,
  h.is_gmail_like,
  CAST(
    b.holders_before + ROW_NUMBER() OVER (PARTITION BY h.is_gmail_like, h.bucket ORDER BY h.noise_draw)
    AS INT64
  ) AS place
FROM holders AS h
JOIN buckets AS b ON h.is_gmail_like = b.is_gmail_like AND h.bucket = b.bucket
