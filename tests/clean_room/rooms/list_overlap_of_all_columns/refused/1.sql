-- as: office
-- because: join-required
SELECT
  e.course,
  s.student
FROM school_room.exams AS e
JOIN office.students AS s ON e.student = s.student
