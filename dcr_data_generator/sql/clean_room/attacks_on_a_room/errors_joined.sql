-- purpose: The same where the view must be joined.
-- as: attacker
SELECT WITH DIFFERENTIAL_PRIVACY
  CAST(CONCAT('people: ', CAST(COUNT(*, contribution_bounds_per_group => (0, 1)) AS STRING)) AS INT64) AS people
FROM attacked_room.people AS p
JOIN attacker_tables.own_list AS l ON p.person = l.person
WHERE
  CASE
    WHEN p.person != @victim THEN TRUE
    WHEN p.secret = @value THEN 1 / 0 > 0
    ELSE TRUE
  END
