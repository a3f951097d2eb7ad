-- attempt: A list joined with itself, which would show all of it.
-- as: provider
-- because: join-required
SELECT
  a.hashed_email,
  a.age
FROM merchant_clean_room.customers AS a
JOIN merchant_clean_room.customers AS b ON a.hashed_email = b.hashed_email
