-- purpose: The defence: random groups with noise. The group depends on the secret, too: a value adds to one number, and not to
-- another. Each person is in one group, so all groups cost the epsilon of one.
-- as: merchant
SELECT WITH DIFFERENTIAL_PRIVACY
  OPTIONS (epsilon = 1, delta = 0.0001, max_groups_contributed = 1, privacy_unit_column = w.hashed_email)
  MOD(CAST(CONCAT('0x', SUBSTR(TO_HEX(SHA256(CONCAT(l.label, '/', CAST(w.is_verified_user AS STRING), '/', @question))), 1, 8)) AS INT64), CAST(@groups AS INT64)) AS number,
  COUNT(*, contribution_bounds_per_group => (0, 1)) AS people
FROM merchant_provider.own_list AS l
JOIN ewallet_clean_room.wallet_customers_private AS w ON l.hashed_email = w.hashed_email
GROUP BY number
