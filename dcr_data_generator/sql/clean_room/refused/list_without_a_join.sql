-- attempt: A list without a join: all of the merchant's customers.
SELECT
  hashed_email,
  age,
  country
FROM merchant_clean_room.customers
