-- A status in lower case.
UPDATE ewallet_provider.transactions
SET status = LOWER(status)
WHERE order_id = (SELECT order_id FROM pristine.a_payment)
