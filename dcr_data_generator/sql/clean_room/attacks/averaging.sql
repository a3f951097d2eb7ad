-- attack: Averaging the noise away
-- wants: The merchant wants the exact average behind an answer with noise: what Business users spend per order.
-- knows: That the noise is drawn again for each answer.
-- does: Asks the same again and again, and averages the answers: the error falls with the square root of their number.
-- defence: The privacy budget, which ends the questions.
-- as: merchant
SELECT WITH DIFFERENTIAL_PRIVACY
  OPTIONS (epsilon = 1, delta = 0.0001, max_groups_contributed = 1, privacy_unit_column = hashed_email)
  AVG(transaction_amount, contribution_bounds_per_group => (0, 500)) AS average_order_value
FROM ewallet_clean_room.wallet_spend_private
WHERE account_tier = 'Business'
