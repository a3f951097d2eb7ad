-- purpose: The merchant passes the keys of its own customers to the template.
SELECT *
FROM ewallet_clean_room.customer_segmentation(TABLE merchant_provider.clean_room_keys)
ORDER BY average_order_value DESC
