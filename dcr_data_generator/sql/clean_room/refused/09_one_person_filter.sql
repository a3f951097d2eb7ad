-- attempt: A single person: the customer of the first order that was paid through the wallet.
-- as: merchant
WITH
  one_person AS (
    SELECT k.hashed_email
    FROM merchant_provider.orders AS o
    JOIN ewallet_clean_room.wallet_orders AS w ON o.order_id = w.order_id
    JOIN merchant_provider.clean_room_keys AS k ON o.user_id = k.user_id
    ORDER BY o.order_id
    LIMIT 1
  )
SELECT WITH AGGREGATION_THRESHOLD OPTIONS (threshold = 50, privacy_unit_column = w.hashed_email)
  AVG(w.transaction_amount) AS average_order_value,
  COUNT(DISTINCT w.hashed_email) AS number_of_customers
FROM ewallet_clean_room.wallet_spend AS w
JOIN one_person AS o ON w.hashed_email = o.hashed_email
