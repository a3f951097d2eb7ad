-- The order of nobody is missing.
DELETE FROM merchant_provider.orders WHERE user_id IS NULL
