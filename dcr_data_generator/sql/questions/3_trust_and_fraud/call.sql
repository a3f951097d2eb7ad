-- purpose: The merchant passes the keys of its own customers to the template.
-- as: merchant
SELECT *
FROM ewallet_templates.trust_and_fraud(TABLE merchant_provider.clean_room_keys)
ORDER BY is_verified_user DESC
