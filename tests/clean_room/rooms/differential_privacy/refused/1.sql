-- as: office
-- because: clause
SELECT AVG(score) AS average_score FROM school_room.exams
