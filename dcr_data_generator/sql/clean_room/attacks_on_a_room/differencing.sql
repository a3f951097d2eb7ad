-- attack: Differencing
-- wants: Another party wants to know a column of one person.
-- knows: That this person is in the view.
-- does: Counts the rows with a value, then those of all people but this one, and subtracts. Both groups are large enough.
-- defence: The same under differential privacy, and no exact view of the same rows.
-- as: attacker
SELECT WITH DIFFERENTIAL_PRIVACY
  COUNT(IF(p.secret = @value, 1, NULL), contribution_bounds_per_group => (0, 1)) AS rows_with_value
FROM attacked_room.people AS p
WHERE @victim IS NULL OR p.person != @victim
