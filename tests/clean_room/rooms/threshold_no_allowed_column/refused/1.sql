-- as: office
-- because: join-restricted
SELECT WITH AGGREGATION_THRESHOLD
  course,
  COUNT(DISTINCT student) AS students
FROM school_room.exams
GROUP BY course
