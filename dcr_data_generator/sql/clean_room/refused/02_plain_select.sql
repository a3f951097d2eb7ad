-- attempt: A plain SELECT: the rows themselves.
-- as: merchant
-- because: clause
SELECT *
FROM ewallet_clean_room.wallet_spend
