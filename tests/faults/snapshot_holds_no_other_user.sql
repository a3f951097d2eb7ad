-- A user who ordered nothing.
INSERT INTO merchant_provider.users
SELECT * FROM `bigquery-public-data.thelook_ecommerce.users`
WHERE id NOT IN (SELECT id FROM pristine.users)
LIMIT 1
