-- purpose: The users of the snapshot's orders, each with the most recent record. A tie goes to the record that sorts
-- last by its other columns, except user_geom: GEOGRAPHY has no order.
CREATE OR REPLACE TABLE merchant_provider.users
OPTIONS (description = 'The users who placed the orders of the snapshot, one record each, the most recent.') AS
SELECT *
FROM `bigquery-public-data.thelook_ecommerce.users` AS u FOR SYSTEM_TIME AS OF @source_time
WHERE id IN (SELECT user_id FROM merchant_provider.orders)
QUALIFY
  ROW_NUMBER() OVER (
    PARTITION BY id
    ORDER BY created_at DESC, TO_JSON_STRING(STRUCT(
      u.first_name, u.last_name, u.email, u.age, u.gender, u.state, u.street_address, u.postal_code, u.city,
      u.country, u.latitude, u.longitude, u.traffic_source
    )) DESC
  ) = 1
