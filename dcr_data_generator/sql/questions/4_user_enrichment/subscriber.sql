-- explanation: The provider joins the keys of its own users, emails hashed with the common salt, with what the
-- merchant shares.
-- as: provider
SELECT
  p.provider_user_id,
  c.hashed_email,
  c.age,
  c.gender,
  c.country AS merchant_customer_country
FROM ewallet_provider.clean_room_keys AS p
JOIN merchant_clean_room.customers AS c ON p.hashed_email = c.hashed_email
ORDER BY p.provider_user_id, c.age
LIMIT 1000
