-- purpose: The same for the tier, in three groups.
-- as: merchant
SELECT WITH DIFFERENTIAL_PRIVACY
  OPTIONS (epsilon = 1, delta = 0.0001, max_groups_contributed = 1, privacy_unit_column = w.hashed_email)
  CONCAT(l.label, '/', IF(l.is_target, w.account_tier, l.value)) AS place,
  COUNT(*, contribution_bounds_per_group => (0, 1)) AS people
FROM merchant_provider.own_list AS l
JOIN ewallet_clean_room.wallet_spend_private AS w ON l.hashed_email = w.hashed_email
GROUP BY place
