-- check: The snapshot's users equal the source's most recent records.
WITH
  ranked AS (
    SELECT
      s.id,
      TO_JSON_STRING(s) AS record,
      RANK() OVER (PARTITION BY s.id ORDER BY s.created_at DESC) AS recency
    FROM `bigquery-public-data.thelook_ecommerce.users` AS s
  ),
  latest AS (
    SELECT DISTINCT id, record
    FROM ranked
    WHERE recency = 1
  )
SELECT
  u.id AS user_id,
  u.email,
  u.created_at
FROM merchant_provider.users AS u
LEFT JOIN latest ON u.id = latest.id AND TO_JSON_STRING(u) = latest.record
WHERE latest.id IS NULL
