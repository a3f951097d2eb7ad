-- template: How many of these customers the wallet has verified.
CREATE OR REPLACE TABLE FUNCTION ewallet_templates.trust_and_fraud(customers TABLE<hashed_email STRING>)
AS (
  SELECT WITH AGGREGATION_THRESHOLD OPTIONS (threshold = 50, privacy_unit_column = w.hashed_email)
    w.is_verified_user,
    COUNT(DISTINCT w.hashed_email) AS number_of_customers
  FROM customers AS c
  JOIN ewallet_clean_room.wallet_customers AS w ON c.hashed_email = w.hashed_email
  GROUP BY w.is_verified_user
)
