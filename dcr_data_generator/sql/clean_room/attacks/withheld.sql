-- attack: The withheld group, by a condition
-- wants: The merchant wants the figures that the threshold withholds: how many Business users pay, what they spend per
-- order, and the highest payment of all.
-- knows: Nothing else.
-- does: Asks about everybody, with conditions inside of the aggregates that only Business users meet. For the highest
-- payment, it counts the payments above a value, and halves the range with each question.
-- defence: The same question under differential privacy: the answer is right for groups, and says little of one person.
-- as: merchant
SELECT WITH AGGREGATION_THRESHOLD OPTIONS (threshold = 50, privacy_unit_column = hashed_email)
  COUNT(DISTINCT IF(account_tier = 'Business', hashed_email, NULL)) AS people,
  AVG(IF(account_tier = 'Business', transaction_amount, NULL)) AS average_order_value
FROM ewallet_clean_room.wallet_spend
