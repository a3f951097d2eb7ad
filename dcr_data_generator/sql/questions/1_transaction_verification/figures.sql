-- purpose: How many of the merchant's orders went through the wallet, and their worth in US dollars; NULL where it is
-- unknown. The sales are 0 without items, and NULL if no item has a price or the prices add up to 0.
SELECT
  COUNT(*) AS orders,
  COUNT(t.order_id) AS wallet_orders,
  IF(COUNT(t.order_id) = 0, 0, SUM(t.transaction_amount)) AS wallet_sales,
  IF(COUNT(s.order_id) = 0, 0, NULLIF(SUM(s.total), 0)) AS sales
FROM merchant_provider.orders AS o
LEFT JOIN ewallet_provider.transactions AS t ON o.order_id = t.order_id
LEFT JOIN (
  SELECT
    order_id,
    SUM(sale_price) AS total
  FROM merchant_provider.order_items
  GROUP BY order_id
) AS s ON o.order_id = s.order_id
