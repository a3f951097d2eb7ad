-- attempt: A question of one's own, allowed by the rules, where only query templates are offered.
-- offered: query templates
-- as: merchant
SELECT WITH AGGREGATION_THRESHOLD
  account_tier,
  COUNT(DISTINCT hashed_email) AS number_of_customers
FROM ewallet_clean_room.wallet_spend
GROUP BY account_tier
