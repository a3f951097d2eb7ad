-- purpose: Where only query templates are offered: the list of one's own customers, with this one and without.
WITH
  our_customers AS (
    SELECT DISTINCT TO_HEX(SHA256(CONCAT(s.salt, LOWER(TRIM(u.email, ' \t\r\n'))))) AS hashed_email
    FROM merchant_provider.users AS u
    CROSS JOIN merchant_provider.clean_room_salt AS s
  ),
  others AS (SELECT hashed_email FROM our_customers WHERE hashed_email IS DISTINCT FROM @victim)
SELECT account_tier, average_order_value, number_of_customers
FROM ewallet_clean_room.customer_segmentation(TABLE others)
