-- attempt: A list without a join: all of the merchant's customers.
-- as: provider
-- because: join-required
SELECT
  hashed_email,
  age,
  country
FROM merchant_clean_room.customers
