-- purpose: The items of the snapshot's orders, as they are. An item's own created_at does not matter.
CREATE OR REPLACE TABLE merchant_provider.order_items
OPTIONS (description = 'The items of the orders of the snapshot, as thelook_ecommerce has them.') AS
SELECT DISTINCT *
FROM `bigquery-public-data.thelook_ecommerce.order_items` FOR SYSTEM_TIME AS OF @source_time
WHERE order_id IN (SELECT order_id FROM merchant_provider.orders)
