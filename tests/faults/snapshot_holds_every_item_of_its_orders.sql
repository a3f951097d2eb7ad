-- The items without a price are missing.
DELETE FROM merchant_provider.order_items WHERE sale_price IS NULL
