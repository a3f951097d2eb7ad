-- as: office
SELECT WITH DIFFERENTIAL_PRIVACY OPTIONS (epsilon = 10)
  course,
  AVG(score, contribution_bounds_per_group => (0, 20)) AS average_score
FROM school_room.exams
GROUP BY course
