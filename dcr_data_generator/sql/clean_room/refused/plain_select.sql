-- attempt: A plain SELECT: the rows themselves.
SELECT *
FROM ewallet_clean_room.wallet_spend
