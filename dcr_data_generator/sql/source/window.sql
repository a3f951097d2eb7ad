-- purpose: How many orders the window has, how many of them have a user, a user with an email, and items; statuses that
-- thelook does not have; and the first and the last day on which the source has orders. Without a target date, the window
-- ends on the last whole day: the last with orders before today and before that of the newest order, if there is one.
WITH
  days AS (
    SELECT DISTINCT DATE(created_at) AS day
    FROM `bigquery-public-data.thelook_ecommerce.orders` FOR SYSTEM_TIME AS OF @source_time
    WHERE created_at IS NOT NULL
  ),
  newest AS (
    SELECT MAX(day) AS day
    FROM days
  ),
  target AS (
    SELECT
      COALESCE(
        @target_date,
        MAX(IF(days.day < LEAST(newest.day, DATE(@source_time)), days.day, NULL)),
        MAX(days.day)
      ) AS day
    FROM days
    CROSS JOIN newest
  ),
  users AS (
    SELECT
      id,
      TRIM(email, ' \t\r\n') != '' AS has_email
    FROM `bigquery-public-data.thelook_ecommerce.users` AS u FOR SYSTEM_TIME AS OF @source_time
    -- The record that snapshot/users.sql takes.
    QUALIFY
      ROW_NUMBER() OVER (
        PARTITION BY id
        ORDER BY created_at DESC, TO_JSON_STRING(STRUCT(
          u.first_name, u.last_name, u.email, u.age, u.gender, u.state, u.street_address, u.postal_code, u.city,
          u.country, u.latitude, u.longitude, u.traffic_source
        )) DESC
      ) = 1
  ),
  items AS (
    SELECT DISTINCT order_id
    FROM `bigquery-public-data.thelook_ecommerce.order_items` FOR SYSTEM_TIME AS OF @source_time
  ),
  orders AS (
    SELECT
      DATE(o.created_at) AS day,
      DATE(o.created_at) BETWEEN DATE_SUB(target.day, INTERVAL @days - 1 DAY) AND target.day AS in_window,
      o.user_id IN (SELECT id FROM users) AS has_user,
      o.user_id IN (SELECT id FROM users WHERE has_email) AS has_customer,
      o.order_id IN (SELECT order_id FROM items) AS has_items,
      o.status
    FROM `bigquery-public-data.thelook_ecommerce.orders` AS o FOR SYSTEM_TIME AS OF @source_time
    CROSS JOIN target
  ),
  marked AS (
    SELECT
      orders.*,
      IF(
        in_window AND LOWER(status) NOT IN ('cancelled', 'complete', 'processing', 'returned', 'shipped'),
        TO_JSON_STRING(status),
        NULL
      ) AS other_status
    FROM orders
  ),
  other_statuses AS (
    SELECT DISTINCT other_status
    FROM marked
    WHERE other_status IS NOT NULL
  )
SELECT
  (SELECT day FROM target) AS target_date,
  COUNTIF(in_window) AS orders_in_window,
  COUNTIF(in_window AND has_user) AS orders_with_user,
  COUNTIF(in_window AND has_customer) AS orders_of_customers,
  COUNTIF(in_window AND has_items) AS orders_with_items,
  (SELECT STRING_AGG(other_status, ', ' ORDER BY other_status LIMIT 5) FROM other_statuses) AS other_statuses,
  (SELECT COUNT(*) FROM other_statuses) AS number_of_other_statuses,
  MIN(day) AS first_date,
  MAX(day) AS last_date
FROM marked
