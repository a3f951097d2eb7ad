-- purpose: The same where the view must be joined.
-- as: attacker
SELECT WITH DIFFERENTIAL_PRIVACY
  COUNT(IF(p.secret = @value, 1, NULL), contribution_bounds_per_group => (0, 1)) AS rows_with_value
FROM attacked_room.people AS p
JOIN attacker_tables.own_list AS l ON p.person = l.person
WHERE @victim IS NULL OR p.person != @victim
