-- as: office
-- because: clause
SELECT course, COUNT(*) AS students FROM school_room.exams GROUP BY course
