-- An order is paid again.
INSERT INTO ewallet_provider.transactions
SELECT * REPLACE ('01234567-89ab-4def-8123-456789abcdef' AS transaction_id) FROM pristine.transactions LIMIT 1
