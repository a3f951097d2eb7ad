-- as: office
-- because: threshold
SELECT WITH AGGREGATION_THRESHOLD OPTIONS (threshold = 1)
  course,
  COUNT(DISTINCT student) AS students
FROM school_room.exams
GROUP BY course
