-- as: office
-- because: noise
SELECT WITH DIFFERENTIAL_PRIVACY OPTIONS (epsilon = 1e20)
  course,
  AVG(score, contribution_bounds_per_group => (0, 20)) AS average_score
FROM school_room.exams
GROUP BY course
