-- step: The noise
-- sentence: Another view adds noise to each figure, so the same question asked again gets other figures - this time
-- {protected}.
-- look: The dots are more draws of the noise, the line is what the noise is added to.
-- notes: Differential privacy hides one person in the noise. The fewer people in a group, the wider the dots. Move the slider
-- of epsilon, and see them come together.
-- shows: noise
-- as: merchant
SELECT WITH DIFFERENTIAL_PRIVACY
  account_tier,
  AVG(transaction_amount, contribution_bounds_per_group => (0, 500)) AS average_order_value
FROM ewallet_clean_room.wallet_spend_private
GROUP BY account_tier
