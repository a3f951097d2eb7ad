-- purpose: The orders of the window, as they are. An order that the source has twice is copied once.
CREATE OR REPLACE TABLE merchant_provider.orders
OPTIONS (description = 'The orders of the snapshot, as thelook_ecommerce has them.') AS
SELECT DISTINCT *
FROM `bigquery-public-data.thelook_ecommerce.orders` FOR SYSTEM_TIME AS OF @source_time
WHERE DATE(created_at) BETWEEN @first_date AND @last_date
