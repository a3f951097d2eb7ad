-- purpose: The defence, and what it is worth: people known to be customers, and one guess.
-- as: provider
SELECT WITH AGGREGATION_THRESHOLD OPTIONS (threshold = 50, privacy_unit_column = c.hashed_email)
  COUNT(DISTINCT c.hashed_email) AS customers
FROM (
  SELECT TO_HEX(SHA256(CONCAT(s.salt, g.email))) AS hashed_email
  FROM ewallet_provider.guessed_emails AS g
  CROSS JOIN ewallet_provider.clean_room_salt AS s
  WHERE g.is_known OR g.email = @victim
) AS guesses
JOIN merchant_clean_room.customers_counted AS c ON guesses.hashed_email = c.hashed_email
