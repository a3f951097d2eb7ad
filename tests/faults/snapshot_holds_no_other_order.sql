-- The orders of the day before the window.
INSERT INTO merchant_provider.orders
SELECT * FROM `bigquery-public-data.thelook_ecommerce.orders` WHERE DATE(created_at) = '2025-09-20'
