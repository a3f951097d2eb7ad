-- purpose: The items of the snapshot's orders, as they are. An item's own created_at does not matter. Each copy of an
-- order has items of its own.
CREATE OR REPLACE TABLE merchant_provider.order_items
OPTIONS (description = 'The items of the orders of the snapshot, as thelook_ecommerce has them.') AS
WITH
  items AS (
    SELECT DISTINCT *
    FROM `bigquery-public-data.thelook_ecommerce.order_items` FOR SYSTEM_TIME AS OF @source_time
    WHERE order_id * @scale IN (SELECT order_id FROM merchant_provider.orders)
  )
SELECT
  items.* REPLACE (
    id * @scale + copy_number AS id,
    order_id * @scale + copy_number AS order_id,
    user_id * @scale + copy_number AS user_id,
    inventory_item_id * @scale + copy_number AS inventory_item_id
  )
FROM items
CROSS JOIN UNNEST(GENERATE_ARRAY(0, @scale - 1)) AS copy_number
