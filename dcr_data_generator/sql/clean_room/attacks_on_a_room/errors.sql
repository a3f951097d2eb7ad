-- attack: Errors as an oracle
-- wants: Another party wants to know a column of one person.
-- knows: That this person is in the view.
-- does: Asks a question that always fails: on this person's row if it has a value, and otherwise once all is counted.
-- Which error it is, is the answer. A failed query costs nothing of the budget.
-- defence: Query templates that cannot fail: the subscriber writes no condition. Noise is no defence.
-- as: attacker
SELECT CAST(CONCAT('answers: ', CAST(COUNT(*) AS STRING)) AS INT64) AS answers
FROM (
  SELECT WITH DIFFERENTIAL_PRIVACY
    COUNT(*, contribution_bounds_per_group => (0, 1)) AS people
  FROM attacked_room.people AS p
  WHERE
    CASE
      WHEN p.person != @victim THEN TRUE
      WHEN p.secret = @value THEN 1 / 0 > 0
      ELSE TRUE
    END
)
