SELECT a.spend - o.spend AS spend
FROM (SELECT WITH AGGREGATION_THRESHOLD SUM(transaction_amount) AS spend FROM ewallet_clean_room.wallet_spend) AS a
CROSS JOIN (
  SELECT WITH AGGREGATION_THRESHOLD SUM(transaction_amount) AS spend
  FROM ewallet_clean_room.wallet_spend
  WHERE hashed_email IS DISTINCT FROM @victim
) AS o
