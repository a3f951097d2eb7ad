-- attack: Errors as an oracle
-- wants: The merchant wants to know of one customer what only the wallet knows: verified or not, and the tier.
-- knows: That this customer pays with the wallet.
-- does: Asks a question with noise that fails on this customer's row, in one way if the customer is verified and in
-- another way if not. Which error it is, is the answer. A failed query costs nothing of the budget.
-- defence: Query templates that cannot fail: the subscriber writes no condition. Noise is no defence. What
-- templates do not stop is "Differencing by lists".
-- as: merchant
SELECT WITH DIFFERENTIAL_PRIVACY
  OPTIONS (epsilon = 1, delta = 0.0001, max_groups_contributed = 1, privacy_unit_column = w.hashed_email)
  COUNT(*, contribution_bounds_per_group => (0, 1)) AS people
FROM merchant_provider.own_list AS l
JOIN ewallet_clean_room.wallet_customers_private AS w ON l.hashed_email = w.hashed_email
WHERE
  CASE
    WHEN NOT l.is_target OR l.label != @victim THEN TRUE
    WHEN w.is_verified_user THEN 1 / 0 > 0
    ELSE CAST('no number' AS INT64) > 0
  END
