-- as: office
-- because: budget
SELECT average_score FROM (
  SELECT WITH DIFFERENTIAL_PRIVACY OPTIONS (epsilon = 10)
    AVG(score, contribution_bounds_per_group => (0, 20)) AS average_score
  FROM school_room.exams
)
UNION ALL
SELECT average_score FROM (
  SELECT WITH DIFFERENTIAL_PRIVACY OPTIONS (epsilon = 10)
    AVG(score, contribution_bounds_per_group => (0, 20)) AS average_score
  FROM school_room.exams
)
UNION ALL
SELECT average_score FROM (
  SELECT WITH DIFFERENTIAL_PRIVACY OPTIONS (epsilon = 10)
    AVG(score, contribution_bounds_per_group => (0, 20)) AS average_score
  FROM school_room.exams
)
