-- attack: Membership under differential privacy
-- wants: The merchant wants to know whether one person is among the wallet's Business users.
-- knows: Everyone else among them: two neighbouring data sets are left, with this person and without.
-- does: Asks for the number of people, and takes the data set to which the answer is closer. With Laplace noise no test
-- is better.
-- defence: A small epsilon. Whatever he asks, his success is at most (e^epsilon + delta) / (1 + e^epsilon).
SELECT WITH DIFFERENTIAL_PRIVACY
  OPTIONS (delta = 0.0001, max_groups_contributed = 1, privacy_unit_column = hashed_email)
  COUNT(*, contribution_bounds_per_group => (0, 1)) AS people
FROM ewallet_clean_room.wallet_customers_private
WHERE account_tier = 'Business' AND hashed_email IS DISTINCT FROM @victim
