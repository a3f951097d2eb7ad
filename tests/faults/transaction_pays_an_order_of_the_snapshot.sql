-- A payment of an order that does not exist.
UPDATE ewallet_provider.transactions
SET order_id = 123456789
WHERE order_id = (SELECT order_id FROM pristine.a_payment)
