-- An order is there twice.
INSERT INTO merchant_provider.orders SELECT * FROM pristine.orders WHERE status = 'Returned' LIMIT 1
