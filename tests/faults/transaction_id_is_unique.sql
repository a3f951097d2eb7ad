-- A UUID in capitals.
UPDATE ewallet_provider.transactions
SET transaction_id = UPPER(transaction_id)
WHERE order_id = (SELECT order_id FROM pristine.a_payment)
