-- attack: Singling out in a condition
-- wants: The merchant wants to know what one customer spends with the wallet.
-- knows: The customer's email and the common salt, so the hashed email.
-- does: Sums up over everyone, with a condition that only this customer meets. The group is large enough.
-- defence: The same sum under differential privacy, epsilon 5, in which a person counts with at most 500 dollars. Query
-- templates refuse the condition; but where they answer exactly, the list that is passed to them is one, too.
SELECT WITH AGGREGATION_THRESHOLD OPTIONS (threshold = 50, privacy_unit_column = hashed_email)
  SUM(IF(hashed_email = @victim, transaction_amount, 0)) AS spend
FROM ewallet_clean_room.wallet_spend
