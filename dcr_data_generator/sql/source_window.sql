-- purpose: How many orders the window has, how many of them have a user, a user with an email, and items; statuses that
-- thelook does not have; and the first and the last day on which the source has orders.
WITH
  users AS (
    SELECT
      id,
      TRIM(email, ' \t\r\n') != '' AS has_email
    FROM `bigquery-public-data.thelook_ecommerce.users` FOR SYSTEM_TIME AS OF @source_time
  ),
  items AS (
    SELECT DISTINCT order_id
    FROM `bigquery-public-data.thelook_ecommerce.order_items` FOR SYSTEM_TIME AS OF @source_time
  ),
  orders AS (
    SELECT
      DATE(created_at) AS day,
      DATE(created_at) BETWEEN @first_date AND @last_date AS in_window,
      user_id IN (SELECT id FROM users) AS has_user,
      user_id IN (SELECT id FROM users WHERE has_email) AS has_customer,
      order_id IN (SELECT order_id FROM items) AS has_items,
      IF(
        DATE(created_at) BETWEEN @first_date AND @last_date
        AND LOWER(status) NOT IN ('cancelled', 'complete', 'processing', 'returned', 'shipped'),
        TO_JSON_STRING(status),
        NULL
      ) AS other_status
    FROM `bigquery-public-data.thelook_ecommerce.orders` FOR SYSTEM_TIME AS OF @source_time
  )
SELECT
  COUNTIF(in_window) AS orders_in_window,
  COUNTIF(in_window AND has_user) AS orders_with_user,
  COUNTIF(in_window AND has_customer) AS orders_of_customers,
  COUNTIF(in_window AND has_items) AS orders_with_items,
  STRING_AGG(DISTINCT other_status, ', ' ORDER BY other_status LIMIT 5) AS other_statuses,
  MIN(day) AS first_date,
  MAX(day) AS last_date
FROM orders
