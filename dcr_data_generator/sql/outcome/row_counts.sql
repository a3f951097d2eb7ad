-- purpose: How many rows each of the five tables has.
SELECT 'merchant_provider.orders' AS table_name, COUNT(*) AS row_count FROM merchant_provider.orders
UNION ALL
SELECT 'merchant_provider.order_items', COUNT(*) FROM merchant_provider.order_items
UNION ALL
SELECT 'merchant_provider.users', COUNT(*) FROM merchant_provider.users
UNION ALL
SELECT 'ewallet_provider.provider_users', COUNT(*) FROM ewallet_provider.provider_users
UNION ALL
SELECT 'ewallet_provider.transactions', COUNT(*) FROM ewallet_provider.transactions
