-- attack: Everybody in one question
-- wants: Another party wants to know a column of everybody whom it knows.
-- knows: Who is in the view.
-- does: Makes a list with groups for each person: this person, and the same others. Each group is large enough, and in
-- its numbers only the one person counts.
-- defence: Noise: a person counts in one group only (max_groups_contributed = 1), so that no group is left.
-- as: attacker
SELECT WITH DIFFERENTIAL_PRIVACY
  l.label,
  l.value,
  COUNT(IF(l.is_target AND p.secret = l.value, 1, NULL), contribution_bounds_per_group => (0, 1)) AS rows_with_value
FROM attacked_room.people AS p
JOIN attacker_tables.own_list AS l ON p.person = l.person
GROUP BY l.label, l.value
