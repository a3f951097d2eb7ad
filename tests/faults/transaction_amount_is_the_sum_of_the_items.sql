-- A payment of a cent too much.
UPDATE ewallet_provider.transactions
SET transaction_amount = transaction_amount + 0.01
WHERE order_id = (SELECT order_id FROM pristine.a_payment)
