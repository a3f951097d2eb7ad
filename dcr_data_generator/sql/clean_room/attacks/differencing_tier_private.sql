-- purpose: The defence: the same tiers with noise.
SELECT WITH DIFFERENTIAL_PRIVACY
  OPTIONS (epsilon = 0.5, delta = 0.0001, max_groups_contributed = 1, privacy_unit_column = hashed_email)
  account_tier,
  COUNT(*, contribution_bounds_per_group => (0, 1)) AS people
FROM ewallet_clean_room.wallet_customers_private
WHERE hashed_email IS DISTINCT FROM @victim
GROUP BY account_tier
