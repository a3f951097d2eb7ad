-- step: Everybody in one question
-- sentence: And this is what a threshold does not stop - one question that is allowed, and the shop has what {rows} of its
-- customers spend with the wallet, one by one.
-- look: Each row is one person. Each group has the same people in it, and in its sum only one of them counts.
-- notes: The query asks about 20 people, so that it is quick; it could ask about everybody. Judge a policy by the best
-- attacker, and not by examples. Noise with a small budget and query templates help.
-- shows: answer
-- as: merchant
WITH payers AS (
  SELECT DISTINCT k.hashed_email
  FROM merchant_provider.clean_room_keys AS k
  JOIN merchant_provider.orders AS o ON k.user_id = o.user_id
  JOIN ewallet_clean_room.wallet_orders AS w ON o.order_id = w.order_id
  ORDER BY hashed_email
  LIMIT 60
)
SELECT WITH AGGREGATION_THRESHOLD
  l.label,
  SUM(IF(w.hashed_email = l.label, w.transaction_amount, 0)) AS spend
FROM payers AS k
CROSS JOIN (SELECT hashed_email AS label FROM payers ORDER BY label LIMIT 20) AS l
JOIN ewallet_clean_room.wallet_spend AS w ON k.hashed_email = w.hashed_email
GROUP BY l.label
