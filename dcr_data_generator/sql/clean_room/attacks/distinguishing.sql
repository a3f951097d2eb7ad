-- attack: Membership under differential privacy
-- wants: The merchant wants to know whether one person is counted.
-- knows: Everyone else who is counted: two neighbouring data sets are left, with this person and without.
-- does: Asks for the number of people, and takes the data set to which the answer is closer. Of one answer with such
-- noise, no test makes more.
-- defence: A small epsilon.
-- as: merchant
SELECT WITH DIFFERENTIAL_PRIVACY
  OPTIONS (delta = 0.0001, max_groups_contributed = 1, privacy_unit_column = w.hashed_email)
  COUNT(*, contribution_bounds_per_group => (0, 1)) AS people
FROM merchant_provider.own_list AS l
JOIN ewallet_clean_room.wallet_customers_private AS w ON l.hashed_email = w.hashed_email
