-- purpose: The second question of the attack: spend.
SELECT WITH AGGREGATION_THRESHOLD OPTIONS (threshold = 50, privacy_unit_column = hashed_email)
  SUM(transaction_amount) AS spend
FROM ewallet_clean_room.wallet_spend
WHERE hashed_email IS DISTINCT FROM @victim
