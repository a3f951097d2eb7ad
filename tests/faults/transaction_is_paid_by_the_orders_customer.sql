-- A payment by a user whom the merchant does not know.
UPDATE ewallet_provider.transactions
SET provider_user_id = (SELECT MIN(provider_user_id) FROM pristine.others)
WHERE order_id = (SELECT order_id FROM pristine.a_payment)
