-- as: telco
SELECT WITH AGGREGATION_THRESHOLD
  segment,
  AVG(balance) AS average_balance,
  COUNT(DISTINCT customer_key) AS customers
FROM bank_room.balances
GROUP BY segment
