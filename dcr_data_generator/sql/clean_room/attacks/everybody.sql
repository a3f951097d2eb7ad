-- attack: Everybody in one question
-- wants: The merchant wants to know of all its customers who pay with the wallet: verified or not, and the tier.
-- knows: Who pays with the wallet.
-- does: Makes a list with a group for each customer: this customer, and the same 60 others. Each group is large enough,
-- and in its sums only the one customer counts.
-- defence: Noise: a person counts in one group only (max_groups_contributed = 1), so that no group is left. The best
-- attacker then asks as in "The whole column", until the budget of each view is spent.
-- as: merchant
SELECT WITH AGGREGATION_THRESHOLD OPTIONS (threshold = 50, privacy_unit_column = w.hashed_email)
  l.label,
  COUNTIF(l.is_target AND w.is_verified_user) AS verified,
  COUNTIF(l.is_target AND w.account_tier = 'Premium') AS premium,
  COUNTIF(l.is_target AND w.account_tier = 'Business') AS business
FROM merchant_provider.own_list AS l
JOIN ewallet_clean_room.wallet_customers AS w ON l.hashed_email = w.hashed_email
GROUP BY l.label
