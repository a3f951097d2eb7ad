-- purpose: The users of the snapshot's orders, each with the most recent record. A tie goes to the record that sorts
-- last.
CREATE OR REPLACE TABLE merchant_provider.users
OPTIONS (description = 'The users who placed the orders of the snapshot, one record each, the most recent.') AS
SELECT *
FROM `bigquery-public-data.thelook_ecommerce.users` AS u
WHERE id IN (SELECT user_id FROM merchant_provider.orders)
QUALIFY ROW_NUMBER() OVER (PARTITION BY id ORDER BY created_at DESC, TO_JSON_STRING(u) DESC) = 1
