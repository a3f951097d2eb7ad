-- An item is there again, for another price.
INSERT INTO merchant_provider.order_items SELECT * REPLACE (1.0 AS sale_price) FROM pristine.order_items LIMIT 1
