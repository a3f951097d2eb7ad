-- as: office
-- because: join-required
SELECT WITH AGGREGATION_THRESHOLD
  e.course,
  COUNT(DISTINCT e.student) AS students
FROM school_room.exams AS e
JOIN office.students AS s ON e.student = s.student
GROUP BY e.course
