-- as: bank
-- rows: 120
SELECT
  o.segment,
  c.plan
FROM bank.customers AS o
JOIN telco_room.contracts AS c ON o.customer_key = c.customer_key
