-- as: telco
-- because: threshold
SELECT WITH AGGREGATION_THRESHOLD OPTIONS (threshold = 5)
  region,
  segment,
  AVG(balance) AS average_balance
FROM bank_room.balances
GROUP BY region, segment
