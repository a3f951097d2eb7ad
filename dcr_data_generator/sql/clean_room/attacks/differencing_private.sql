-- purpose: The defence: the same count with noise.
SELECT WITH DIFFERENTIAL_PRIVACY
  OPTIONS (epsilon = 0.5, delta = 0.0001, max_groups_contributed = 1, privacy_unit_column = hashed_email)
  COUNT(IF(is_verified_user, 1, NULL), contribution_bounds_per_group => (0, 1)) AS verified
FROM ewallet_clean_room.wallet_customers_private
WHERE hashed_email IS DISTINCT FROM @victim
