-- as: office
-- rows: 2
SELECT WITH AGGREGATION_THRESHOLD
  course,
  COUNT(DISTINCT student) AS students
FROM school_room.exams
GROUP BY course
