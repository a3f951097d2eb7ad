-- as: office
-- because: join-required
SELECT * FROM school_room.exams
