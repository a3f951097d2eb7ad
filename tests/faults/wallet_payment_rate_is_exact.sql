-- A payment is missing.
DELETE FROM ewallet_provider.transactions WHERE order_id = (SELECT order_id FROM pristine.a_payment)
