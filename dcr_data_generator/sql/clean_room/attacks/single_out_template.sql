-- purpose: Where only query templates are offered: the list of one's own customers, with this one and without.
WITH
  others AS (
    SELECT DISTINCT hashed_email
    FROM merchant_provider.clean_room_keys
    WHERE hashed_email IS DISTINCT FROM @victim
  )
SELECT account_tier, average_order_value, number_of_customers
FROM ewallet_clean_room.customer_segmentation(TABLE others)
