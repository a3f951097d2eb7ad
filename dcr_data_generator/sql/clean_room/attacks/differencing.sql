-- attack: Differencing
-- wants: The merchant wants to know of one customer what only the wallet knows: verified or not, tier, and spend.
-- knows: The customer's email and the common salt, so the hashed email; and that this customer pays with the wallet, from
-- the first use case.
-- does: Asks about all customers, then about all but this one, and subtracts. Both groups are large enough.
-- defence: The same questions, each asked once, under differential privacy: epsilon 0.5 for verification and tier, 5 for
-- spend.
SELECT WITH AGGREGATION_THRESHOLD OPTIONS (threshold = 50, privacy_unit_column = w.hashed_email)
  COUNT(DISTINCT IF(w.is_verified_user, w.hashed_email, NULL)) AS verified,
  COUNT(DISTINCT IF(w.account_tier = 'Free', w.hashed_email, NULL)) AS free,
  COUNT(DISTINCT IF(w.account_tier = 'Premium', w.hashed_email, NULL)) AS premium,
  COUNT(DISTINCT IF(w.account_tier = 'Business', w.hashed_email, NULL)) AS business
FROM merchant_clean_room.customers AS c
JOIN ewallet_clean_room.wallet_customers AS w ON c.hashed_email = w.hashed_email
WHERE w.hashed_email IS DISTINCT FROM @victim
