-- purpose: The users of the snapshot's orders, each with the most recent record. A tie goes to the record that sorts
-- last by its other columns, except user_geom: GEOGRAPHY has no order. The copies of a user are people of their own:
-- their email has six digits more, at the same place in each copy, so that no two people come to share an email.
CREATE OR REPLACE TABLE merchant_provider.users
OPTIONS (description = 'The users who placed the orders of the snapshot, one record each, the most recent.') AS
WITH
  users AS (
    SELECT *
    FROM `bigquery-public-data.thelook_ecommerce.users` AS u FOR SYSTEM_TIME AS OF @source_time
    WHERE id * @scale IN (SELECT user_id FROM merchant_provider.orders)
    QUALIFY
      ROW_NUMBER() OVER (
        PARTITION BY id
        ORDER BY created_at DESC, TO_JSON_STRING(STRUCT(
          u.first_name, u.last_name, u.email, u.age, u.gender, u.state, u.street_address, u.postal_code, u.city,
          u.country, u.latitude, u.longitude, u.traffic_source
        )) DESC
      ) = 1
  )
SELECT
  users.* REPLACE (
    id * @scale + copy_number AS id,
    IF(
      @scale = 1,
      email,
      REGEXP_REPLACE(email, r'^([ \t\r\n]*(?:[^@ \t\r\n]+|@))', CONCAT('\\1', FORMAT('%06d', copy_number)))
    ) AS email
  )
FROM users
CROSS JOIN UNNEST(GENERATE_ARRAY(0, @scale - 1)) AS copy_number
