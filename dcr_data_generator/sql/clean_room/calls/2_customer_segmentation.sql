-- purpose: The merchant hashes its own customers' emails with the common salt, and passes them to the template.
WITH
  our_customers AS (
    SELECT TO_HEX(SHA256(CONCAT(s.salt, LOWER(TRIM(u.email, ' \t\r\n'))))) AS hashed_email
    FROM merchant_provider.users AS u
    CROSS JOIN merchant_provider.clean_room_salt AS s
  )
SELECT *
FROM ewallet_clean_room.customer_segmentation(TABLE our_customers)
ORDER BY average_order_value DESC
