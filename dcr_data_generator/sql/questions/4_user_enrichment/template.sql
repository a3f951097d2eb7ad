-- template: The age, gender and country of these users, where they are customers of the merchant.
CREATE OR REPLACE TABLE FUNCTION merchant_templates.user_enrichment(users TABLE<hashed_email STRING>)
AS (
  SELECT
    u.hashed_email,
    c.age,
    c.gender,
    c.country
  FROM users AS u
  JOIN merchant_clean_room.customers AS c ON u.hashed_email = c.hashed_email
)
