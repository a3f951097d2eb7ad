-- step: The refusal
-- sentence: The highest payment of a tier is one person's payment, so it is refused.
-- look: The three lines - the sentence, the rule, and a query that is allowed. A click takes it.
-- notes: A refusal is about the question, and not about the data, so it tells nothing about anybody.
-- shows: refused
-- as: merchant
SELECT WITH AGGREGATION_THRESHOLD
  account_tier,
  MAX(transaction_amount) AS highest_payment
FROM ewallet_clean_room.wallet_spend
GROUP BY account_tier
