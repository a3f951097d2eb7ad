-- step: Every row
-- sentence: They could exchange a view, and then the shop would have the row of every payment, {open_rows} in all; under a
-- rule it gets none of them.
-- look: Each row on the left is a payment of one person; on the right is nothing.
-- notes: The emails are hashed with a common salt. Who has the salt can hash an email and find its payments, so a hash
-- protects nobody from the partner.
-- shows: refused
-- as: merchant
SELECT *
FROM ewallet_clean_room.wallet_spend
