-- attack: Counting against the noise
-- wants: The merchant wants to know of customers what only the wallet knows: verified or not, and the tier. There are
-- only views with noise.
-- knows: Who pays with the wallet, and how often customers who are alike in its own columns are verified, or of a tier.
-- does: Lets the customer's group depend on the secret: one group for those who are verified, and one for the others, both
-- with people who are known to be counted. So one number is larger, and the other one is not. One question does that for
-- many customers, since each person is in one group, and costs the epsilon of one. It is asked until the budget is spent;
-- then the likelihood of all answers corrects what is usual. The tier is counted in the same way, in three groups, on the
-- other view, which has a budget of its own.
-- defence: A small total epsilon. Of all answers together, no attacker tells whether one person is counted in more than
-- (e^epsilon + delta) / (1 + e^epsilon) of the cases, and a secret of somebody who is counted in more than the same with
-- twice the epsilon, if two cases are equally likely before and no query can fail.
-- as: merchant
SELECT WITH DIFFERENTIAL_PRIVACY
  OPTIONS (epsilon = 1, delta = 0.0001, max_groups_contributed = 1, privacy_unit_column = w.hashed_email)
  CONCAT(l.label, '/', IF(l.is_target, CAST(w.is_verified_user AS STRING), l.value)) AS place,
  COUNT(*, contribution_bounds_per_group => (0, 1)) AS people
FROM merchant_provider.own_list AS l
JOIN ewallet_clean_room.wallet_customers_private AS w ON l.hashed_email = w.hashed_email
GROUP BY place
