-- purpose: The same for the tier.
-- as: merchant
SELECT WITH DIFFERENTIAL_PRIVACY
  OPTIONS (epsilon = 1, delta = 0.0001, max_groups_contributed = 1, privacy_unit_column = w.hashed_email)
  MOD(CAST(CONCAT('0x', SUBSTR(TO_HEX(SHA256(CONCAT(l.label, '/', w.account_tier, '/', @question))), 1, 8)) AS INT64), CAST(@groups AS INT64)) AS number,
  COUNT(*, contribution_bounds_per_group => (0, 1)) AS people
FROM merchant_provider.own_list AS l
JOIN ewallet_clean_room.wallet_spend_private AS w ON l.hashed_email = w.hashed_email
GROUP BY number
