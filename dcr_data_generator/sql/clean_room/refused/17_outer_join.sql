-- attempt: An outer join that keeps the unmatched rows: the wallet's orders that the merchant does not have.
-- as: merchant
-- because: join-required
SELECT
  w.order_id,
  w.transaction_amount
FROM merchant_provider.orders AS o
RIGHT JOIN ewallet_clean_room.wallet_orders AS w ON o.order_id = w.order_id
