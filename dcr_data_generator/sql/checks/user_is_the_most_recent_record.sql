-- check: The snapshot's users equal the source's most recent records.
-- purpose: All columns are compared, except user_geom: GEOGRAPHY values have no text of their own.
WITH
  ranked AS (
    SELECT
      s.id,
      TO_JSON_STRING(STRUCT(
        s.created_at, s.first_name, s.last_name, s.email, s.age, s.gender, s.state, s.street_address, s.postal_code,
        s.city, s.country, s.latitude, s.longitude, s.traffic_source
      )) AS record,
      RANK() OVER (PARTITION BY s.id ORDER BY s.created_at DESC) AS recency
    FROM `bigquery-public-data.thelook_ecommerce.users` AS s FOR SYSTEM_TIME AS OF @source_time
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
LEFT JOIN latest
  ON u.id = latest.id
  AND TO_JSON_STRING(STRUCT(
    u.created_at, u.first_name, u.last_name, u.email, u.age, u.gender, u.state, u.street_address, u.postal_code,
    u.city, u.country, u.latitude, u.longitude, u.traffic_source
  )) = latest.record
WHERE latest.id IS NULL
