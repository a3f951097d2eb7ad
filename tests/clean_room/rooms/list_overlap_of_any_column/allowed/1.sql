-- as: office
-- rows: 3
SELECT
  e.course,
  s.student
FROM school_room.exams AS e
JOIN office.students AS s ON e.score = s.score
