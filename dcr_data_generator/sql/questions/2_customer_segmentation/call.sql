-- purpose: The merchant passes the keys of its own customers to the template.
-- as: merchant
SELECT *
FROM ewallet_templates.customer_segmentation(TABLE merchant_provider.clean_room_keys)
ORDER BY average_order_value DESC
