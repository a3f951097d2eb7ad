-- purpose: How many orders the window has, and the first and the last day on which the source has orders.
SELECT
  COUNTIF(DATE(created_at) BETWEEN @first_date AND @last_date) AS orders_in_window,
  DATE(MIN(created_at)) AS first_date,
  DATE(MAX(created_at)) AS last_date
FROM `bigquery-public-data.thelook_ecommerce.orders` FOR SYSTEM_TIME AS OF @source_time
