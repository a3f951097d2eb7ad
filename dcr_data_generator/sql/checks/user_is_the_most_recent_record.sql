-- check: The snapshot's users equal the source's most recent records.
-- purpose: All columns are compared, except user_geom: GEOGRAPHY values cannot be compared.
WITH
  ranked AS (
    SELECT
      *,
      RANK() OVER (PARTITION BY id ORDER BY created_at DESC) AS recency
    FROM `bigquery-public-data.thelook_ecommerce.users` FOR SYSTEM_TIME AS OF @source_time
    WHERE id * @scale IN (SELECT id FROM merchant_provider.users)
  ),
  others AS (
    SELECT
      id, email, created_at, first_name, last_name, age, gender, state, street_address, postal_code, city, country,
      latitude, longitude, traffic_source
    FROM merchant_provider.users
    EXCEPT DISTINCT
    SELECT
      id * @scale + copy_number,
      IF(
        @scale = 1,
        email,
        REGEXP_REPLACE(email, r'^([ \t\r\n]*(?:[^@ \t\r\n]+|@))', CONCAT('\\1', FORMAT('%06d', copy_number)))
      ),
      created_at, first_name, last_name, age, gender, state, street_address, postal_code, city, country,
      latitude, longitude, traffic_source
    FROM ranked
    CROSS JOIN UNNEST(GENERATE_ARRAY(0, @scale - 1)) AS copy_number
    WHERE recency = 1
  )
SELECT
  id AS user_id,
  email,
  created_at
FROM others
