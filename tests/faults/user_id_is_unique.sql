-- A user is there again, with another email.
INSERT INTO merchant_provider.users SELECT * REPLACE ('x@example.com' AS email) FROM pristine.users LIMIT 1
