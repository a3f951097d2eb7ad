-- attempt: One question more than the budget pays for: the same four times, to average the noise away.
-- as: merchant
-- because: budget
SELECT AVG(average_order_value) AS average_order_value
FROM (
  SELECT WITH DIFFERENTIAL_PRIVACY OPTIONS (epsilon = 1, privacy_unit_column = hashed_email)
    AVG(transaction_amount) AS average_order_value
  FROM ewallet_clean_room.wallet_spend_private
  UNION ALL
  SELECT WITH DIFFERENTIAL_PRIVACY OPTIONS (epsilon = 1, privacy_unit_column = hashed_email)
    AVG(transaction_amount) AS average_order_value
  FROM ewallet_clean_room.wallet_spend_private
  UNION ALL
  SELECT WITH DIFFERENTIAL_PRIVACY OPTIONS (epsilon = 1, privacy_unit_column = hashed_email)
    AVG(transaction_amount) AS average_order_value
  FROM ewallet_clean_room.wallet_spend_private
  UNION ALL
  SELECT WITH DIFFERENTIAL_PRIVACY OPTIONS (epsilon = 1, privacy_unit_column = hashed_email)
    AVG(transaction_amount) AS average_order_value
  FROM ewallet_clean_room.wallet_spend_private
)
