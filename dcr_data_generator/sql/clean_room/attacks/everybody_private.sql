-- purpose: The defence: the same groups with noise.
-- as: merchant
SELECT WITH DIFFERENTIAL_PRIVACY
  OPTIONS (epsilon = 1, delta = 0.0001, max_groups_contributed = 1, privacy_unit_column = w.hashed_email)
  l.label,
  COUNT(IF(l.is_target AND w.is_verified_user, 1, NULL), contribution_bounds_per_group => (0, 1)) AS verified
FROM merchant_provider.own_list AS l
JOIN ewallet_clean_room.wallet_customers_private AS w ON l.hashed_email = w.hashed_email
GROUP BY l.label
