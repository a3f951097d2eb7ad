-- as: bank
-- because: join-required
SELECT *
FROM telco_room.contracts
