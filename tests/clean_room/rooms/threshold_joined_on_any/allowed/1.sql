-- as: office
-- rows: 1
SELECT WITH AGGREGATION_THRESHOLD
  e.course,
  COUNT(DISTINCT e.student) AS students
FROM school_room.exams AS e
JOIN office.students AS s ON e.score = s.score
GROUP BY e.course
