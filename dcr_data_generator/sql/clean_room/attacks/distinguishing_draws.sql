-- purpose: The lab draws the noise of thousands of such questions at once, one per group. No subscriber can: it needs
-- max_groups_contributed = NULL.
-- as: merchant
SELECT WITH DIFFERENTIAL_PRIVACY
  OPTIONS (delta = 0.0001, max_groups_contributed = NULL, privacy_unit_column = w.hashed_email)
  l.label,
  COUNT(*, contribution_bounds_per_group => (0, 1)) AS people
FROM merchant_provider.own_list AS l
JOIN ewallet_clean_room.wallet_customers_private AS w ON l.hashed_email = w.hashed_email
WHERE NOT l.is_target OR @victim = 'counted'
GROUP BY l.label
