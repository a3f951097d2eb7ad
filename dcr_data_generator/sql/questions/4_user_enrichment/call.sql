-- purpose: The provider passes the keys of its own users to the template.
-- as: provider
SELECT
  p.provider_user_id,
  c.hashed_email,
  c.age,
  c.gender,
  c.country AS merchant_customer_country
FROM ewallet_provider.clean_room_keys AS p
JOIN merchant_templates.user_enrichment(TABLE ewallet_provider.clean_room_keys) AS c ON p.hashed_email = c.hashed_email
