-- as: telco
-- because: clause
SELECT *
FROM bank_room.balances
