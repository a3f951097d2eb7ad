-- step: The question
-- sentence: A shop asks a wallet whether customers of a higher tier spend more; if one company had both tables, it would
-- see this: {open}.
-- look: The open answer, on the left.
-- notes: The shop knows its customers, the wallet knows their tiers and payments. Neither wants to hand its table over.
-- The shop may not ask like this: the tables are the wallet's.
-- shows: open
-- as: merchant
SELECT
  p.account_tier,
  AVG(t.transaction_amount) AS average_order_value
FROM ewallet_provider.provider_users AS p
JOIN ewallet_provider.transactions AS t ON p.provider_user_id = t.provider_user_id
GROUP BY p.account_tier
