-- attack: Differencing
-- wants: The merchant wants to know of one customer what only the wallet knows: verified or not, and the tier.
-- knows: That this customer pays with the wallet.
-- does: Asks about a list of its customers, then about the list without this one, and subtracts. Both are large enough.
-- defence: The same under differential privacy, and no exact view of the same rows. The best attacker then counts, as in
-- "Counting against the noise".
-- as: merchant
SELECT WITH AGGREGATION_THRESHOLD OPTIONS (threshold = 50, privacy_unit_column = w.hashed_email)
  COUNTIF(w.is_verified_user) AS verified,
  COUNTIF(w.account_tier = 'Premium') AS premium,
  COUNTIF(w.account_tier = 'Business') AS business
FROM merchant_provider.own_list AS l
JOIN ewallet_clean_room.wallet_customers AS w ON l.hashed_email = w.hashed_email
WHERE NOT l.is_target OR l.label IS DISTINCT FROM @victim
