-- purpose: The provider hashes its own users' emails with the common salt, and passes them to the template.
WITH
  our_users AS (
    SELECT
      p.provider_user_id,
      TO_HEX(SHA256(CONCAT(s.salt, LOWER(TRIM(p.email, ' \t\r\n'))))) AS hashed_email
    FROM ewallet_provider.provider_users AS p
    CROSS JOIN ewallet_provider.clean_room_salt AS s
  )
SELECT
  p.provider_user_id,
  c.hashed_email,
  c.age,
  c.gender,
  c.country AS merchant_customer_country
FROM our_users AS p
JOIN merchant_clean_room.user_enrichment(TABLE our_users) AS c ON p.hashed_email = c.hashed_email
