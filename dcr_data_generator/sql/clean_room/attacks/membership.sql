-- attack: Membership
-- wants: The wallet wants to know who is a customer of the merchant, of people who are not its own users.
-- knows: A list of guessed emails, and the common salt.
-- does: Hashes the guesses as the merchant does, and joins them with the list of the merchant's customers.
-- defence: An aggregation threshold instead of the list. It answers nothing about one guess alone; but a guess that is
-- added to 60 people known to be customers is answered exactly, so it is no defence. A salt is none either: it keeps
-- outsiders from hashing guesses, and the other party has it.
-- as: provider
SELECT c.hashed_email
FROM (
  SELECT TO_HEX(SHA256(CONCAT(s.salt, g.email))) AS hashed_email
  FROM ewallet_provider.guessed_emails AS g
  CROSS JOIN ewallet_provider.clean_room_salt AS s
  WHERE NOT g.is_known
) AS guesses
JOIN merchant_clean_room.customers AS c ON guesses.hashed_email = c.hashed_email
