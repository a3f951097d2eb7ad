-- step: The withheld group
-- sentence: Now the question itself, and this is missing - {withheld}.
-- look: The hatched bar. Then move the slider of the threshold down, until it is answered.
-- notes: Nobody is told that a group is missing; the page knows it because it knows both tables. The threshold is the
-- owner's choice.
-- shows: withheld
-- as: merchant
SELECT WITH AGGREGATION_THRESHOLD
  w.account_tier,
  AVG(w.transaction_amount) AS average_order_value
FROM (SELECT DISTINCT hashed_email FROM merchant_provider.clean_room_keys) AS c
JOIN ewallet_clean_room.wallet_spend AS w ON c.hashed_email = w.hashed_email
GROUP BY w.account_tier
