-- attack: The whole column
-- wants: The merchant wants to know of all its customers who pay with the wallet whether they are verified.
-- knows: Who pays with the wallet, and how often customers who are alike in its own columns are verified.
-- does: Asks how many are verified in random groups, chosen by a hash of its own numbers, and solves for each person, by
-- least squares. It names no victim, and has no condition on a person.
-- defence: Noise, and a small budget: the error of the answers has to be as large as the root of the number of people.
-- as: merchant
SELECT WITH AGGREGATION_THRESHOLD OPTIONS (threshold = 50, privacy_unit_column = w.hashed_email)
  MOD(CAST(CONCAT('0x', SUBSTR(TO_HEX(SHA256(CONCAT(l.label, '/', @question))), 1, 8)) AS INT64), CAST(@groups AS INT64)) AS number,
  COUNTIF(w.is_verified_user) AS verified
FROM merchant_provider.own_list AS l
JOIN ewallet_clean_room.wallet_customers AS w ON l.hashed_email = w.hashed_email
GROUP BY number
