-- template: What the wallet's users among these customers spend, by tier.
CREATE OR REPLACE TABLE FUNCTION ewallet_templates.customer_segmentation(customers TABLE<hashed_email STRING>)
AS (
  SELECT WITH AGGREGATION_THRESHOLD OPTIONS (threshold = 50, privacy_unit_column = w.hashed_email)
    w.account_tier,
    AVG(w.transaction_amount) AS average_order_value,
    COUNT(DISTINCT w.hashed_email) AS number_of_customers
  FROM (SELECT DISTINCT hashed_email FROM customers) AS c
  JOIN ewallet_clean_room.wallet_spend AS w ON c.hashed_email = w.hashed_email
  GROUP BY w.account_tier
)
