-- purpose: The same for the tier: three errors.
-- as: merchant
SELECT WITH DIFFERENTIAL_PRIVACY
  OPTIONS (epsilon = 1, delta = 0.0001, max_groups_contributed = 1, privacy_unit_column = w.hashed_email)
  COUNT(*, contribution_bounds_per_group => (0, 1)) AS people
FROM merchant_provider.own_list AS l
JOIN ewallet_clean_room.wallet_customers_private AS w ON l.hashed_email = w.hashed_email
WHERE
  CASE
    WHEN NOT l.is_target OR l.label != @victim THEN TRUE
    WHEN w.account_tier = 'Business' THEN 1 / 0 > 0
    WHEN w.account_tier = 'Premium' THEN CAST('no number' AS INT64) > 0
    ELSE 9223372036854775807 + LENGTH(l.label) > 0
  END
